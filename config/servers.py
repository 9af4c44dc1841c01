"""What holds in a server: the instance's defaults are the section `servers`, admins change them for theirs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from config.section import Section

MAX_LISTED = 25  # roles in one list: as many as a select of Discord's takes

Snowflake = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
CatalogueName = Literal["bttv", "ffz", "seventv", "twitch"]
OverlayPosition = Literal["top-left", "top", "top-right", "center", "bottom-left", "bottom", "bottom-right"]
FlagName = Literal["sexual", "epilepsy", "edgy", "twitch_disallowed", "unlisted"]


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sorted and each once, so that equal choices are equal values."""
    return tuple(sorted(set(values)))


class TwitchChannel(Section):
    """A channel whose emotes count. `login` is for showing; a row of an older version has none."""

    id: Snowflake
    login: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,25}$")


class ServerSettings(Section):
    """Every choice there is for a server or one of its channels, with its bounds."""

    paused: bool | Annotated[float, Field(ge=0)]  # a number: until then, in Unix seconds
    enabled: bool
    ask_role_ids: Annotated[tuple[Snowflake, ...], AfterValidator(_unique)] = Field(max_length=MAX_LISTED)
    ask_from: Literal["everyone", "follower", "subscriber", "vip", "moderator"]
    online_only: bool
    command: str = Field(min_length=1, max_length=20, pattern=r"^\w+$")
    prefix_enabled: bool
    prefix: str | None = Field(min_length=1, max_length=8, pattern=r"^\S+$")
    reaction_emoji: str | None = Field(min_length=1, max_length=64, pattern=r"^\S+$")
    style: Literal["classic", "real", "cursed"] | None
    realism: float | None = Field(ge=0, le=1)
    layout: Literal["face", "pair", "strip", "grid", "morph"]
    cooldown_s: float = Field(ge=0, le=3600)  # `bot.store.usage` looks no further back
    outstanding_per_user: int = Field(ge=1, le=32)
    outstanding_per_channel: int = Field(ge=1, le=32)
    daily_cost: int | None = Field(ge=0, le=10_000_000)
    twitch_channel: TwitchChannel | None
    sources_off: Annotated[tuple[CatalogueName, ...], AfterValidator(_unique)]
    allowed_flags: Annotated[tuple[FlagName, ...], AfterValidator(_unique)] | None
    others_pictures: bool
    last_picture: bool
    answer_in_thread: bool
    auto_delete_s: int | None = Field(ge=10, le=7 * 86_400)
    delete_with_question: bool
    language: Literal["auto", "en", "de", "fr", "ja"]
    gallery: bool
    approve_first: bool
    guess_enabled: bool
    log_channel_id: Snowflake | None
    reward_enabled: bool
    reward_title: str = Field(min_length=1, max_length=45)
    reward_cost: int = Field(ge=1, le=10_000_000)
    reward_cooldown_s: int = Field(ge=0, le=7 * 86_400)
    overlay_theme: Literal["plain", "card", "pixel", "neon"]
    overlay_position: OverlayPosition
    overlay_size_percent: int = Field(ge=10, le=100)
    overlay_duration_s: float = Field(ge=2, le=30)
    overlay_sound: bool
    overlay_discord: bool
