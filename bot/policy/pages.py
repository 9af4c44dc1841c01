"""The settings as they are grouped for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.models import Platform
from bot.policy.settings import SETTINGS
from bot.texts import Text


class Page(StrEnum):
    """The values stand in ids of buttons and never change."""

    ASKING = "asking"
    DRAWING = "drawing"
    LIMITS = "limits"
    EMOTES = "emotes"
    ANSWERS = "answers"
    SAFETY = "safety"
    REWARD = "reward"
    OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class Grouped:
    """Settings that belong together, and what they are called."""

    title: Text
    names: tuple[str, ...]


PAGES: Mapping[Page, Grouped] = {
    Page.ASKING: Grouped(
        Text("Asking"),
        ("enabled", "ask_role_ids", "ask_from", "online_only", "command", "prefix_enabled", "prefix", "reaction_emoji"),
    ),
    Page.DRAWING: Grouped(Text("Drawing"), ("style", "realism", "layout", "guess_enabled")),
    Page.LIMITS: Grouped(
        Text("Limits"), ("cooldown_s", "outstanding_per_user", "outstanding_per_channel", "daily_cost")
    ),
    Page.EMOTES: Grouped(Text("Emotes"), ("twitch_channel", "sources_off", "allowed_flags")),
    Page.ANSWERS: Grouped(
        Text("Answers"), ("answer_in_thread", "auto_delete_s", "delete_with_question", "language", "gallery")
    ),
    Page.SAFETY: Grouped(
        Text("Safety"), ("paused", "approve_first", "others_pictures", "last_picture", "log_channel_id")
    ),
    Page.REWARD: Grouped(
        Text("Channel points"), ("reward_enabled", "reward_title", "reward_cost", "reward_cooldown_s")
    ),
    Page.OVERLAY: Grouped(
        Text("Overlay"),
        (
            "overlay_theme",
            "overlay_position",
            "overlay_size_percent",
            "overlay_duration_s",
            "overlay_sound",
            "overlay_discord",
        ),
    ),
}


def names_on(page: Page, platform: Platform) -> tuple[str, ...]:
    """The settings of a page that there are on a platform."""
    return tuple(name for name in PAGES[page].names if platform in SETTINGS[name].platforms)


def pages_on(platform: Platform) -> Mapping[Page, Grouped]:
    """The pages on which something can be set there."""
    return {page: about for page, about in PAGES.items() if names_on(page, platform)}
