"""The values the chat side passes around: who asked for what, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, TypeAlias

from bot.texts import SOURCE_LOCALE
from inference.protocol import FaceOptions


class Platform(StrEnum):
    """Where a request comes from; each has one deliverer."""

    CLI = "cli"
    WEB = "web"
    DISCORD = "discord"
    TWITCH = "twitch"


_TWITCH = "twitch:"


def twitch_scope(broadcaster_id: str) -> str:
    """The scope of a Twitch channel: never that of a Discord server, whose id is a number, too."""
    return f"{_TWITCH}{broadcaster_id}"


def broadcaster_of(scope_id: str) -> str | None:
    """The Twitch channel that a scope is; None for any other scope."""
    return scope_id.removeprefix(_TWITCH) if scope_id.startswith(_TWITCH) else None


class RequestState(StrEnum):
    """accepted → queued → ready → sending → answered | refused | cancelled; the last three are final."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    READY = "ready"
    SENDING = "sending"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in {RequestState.ANSWERED, RequestState.REFUSED, RequestState.CANCELLED}


class EmoteSource(StrEnum):
    """Which catalogue an emote's id belongs to."""

    UNICODE = "unicode"
    DISCORD = "discord"
    TWITCH = "twitch"
    BTTV = "bttv"
    FFZ = "ffz"
    SEVENTV = "seventv"
    STICKER = "sticker"
    UPLOAD = "upload"
    LINK = "link"
    ATTACHMENT = "attachment"
    AVATAR = "avatar"
    SERVER_ICON = "server_icon"

    @property
    def is_private(self) -> bool:
        """People's own pictures, and links, behind which anything can be next time: never kept."""
        return self in _PRIVATE


_PRIVATE = {
    EmoteSource.UPLOAD,
    EmoteSource.LINK,
    EmoteSource.ATTACHMENT,
    EmoteSource.AVATAR,
    EmoteSource.SERVER_ICON,
}
_PRIVATE_PLATFORMS = {Platform.CLI, Platform.WEB}
_NOT_FOR_ALL = ("private", "spoiler", "emoji", "round_id")  # in reply targets


EmoteId: TypeAlias = tuple[str, str]
"""Of a catalogue's emote: its source and what it is called there."""


@dataclass(frozen=True, slots=True)
class Emote:
    """A resolved emote. `id`: twemoji file stem (`1f602`), Discord snowflake, a sticker's file name (`749….json`),
    upload id, what its catalogue says (FFZ's has its largest size with it, `139407-4`), or the URL of what has none.

    `name` comes from a catalogue and is safe to show; None when only the asker vouches for the name. `animated` says
    which picture to ask for where there are two. `picked` by us and not spelled like that by the asker: answers tell.
    `overlays` lie on it, the last on top; `blended` is the other half of a blend. `shown_user_id` is whose photo or
    drawing it is: that person may have the face deleted.
    """

    source: EmoteSource
    id: str
    name: str | None = None
    animated: bool = False
    picked: bool = False
    overlays: tuple[Emote, ...] = ()
    blended: Emote | None = None
    shown_user_id: str | None = None

    @property
    def alone(self) -> Emote:
        """What its own picture depends on, and nothing else."""
        return Emote(self.source, self.id, animated=self.animated)

    @property
    def is_somebodys(self) -> bool:
        """Of people's own pictures and of stickers, an answer shows pixels at most."""
        return any(part.source.is_private or part.source is EmoteSource.STICKER for part in self.parts)

    @property
    def parts(self) -> tuple[Emote, ...]:
        """Itself first, then what it is composed with."""
        return (self, *((self.blended,) if self.blended else ()), *self.overlays)

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source.value,
            "id": self.id,
            "name": self.name,
            "animated": self.animated,
            "picked": self.picked,
            "overlays": [overlay.to_json() for overlay in self.overlays],
            "blended": self.blended and self.blended.to_json(),
            "shown_user_id": self.shown_user_id,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Emote:
        """Also of rows that an older version wrote."""
        blended = values.get("blended")
        return cls(
            EmoteSource(values["source"]),
            values["id"],
            values["name"],
            values.get("animated", False),
            picked=values.get("picked", False),
            overlays=tuple(map(cls.from_json, values.get("overlays", ()))),
            blended=blended and cls.from_json(blended),
            shown_user_id=values.get("shown_user_id"),
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked, and where: fairness and caps count per `scope_id` (guild, web visitor, …) and per `user_id`."""

    platform: Platform
    scope_id: str
    channel_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """A scope, or one channel of it."""

    platform: Platform
    scope_id: str
    channel_id: str | None = None


class Way(StrEnum):
    """How somebody asked; admins allow each for itself."""

    COMMAND = "command"  # slash commands, menus, buttons, the page, the terminal
    MENTION = "mention"
    PREFIX = "prefix"
    REACTION = "reaction"
    REWARD = "reward"  # channel points


class Rank(IntEnum):
    """How close somebody is to a channel, where the platform has such an order; each may what those before may."""

    EVERYONE = 0
    FOLLOWER = 1
    SUBSCRIBER = 2
    VIP = 3
    MODERATOR = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform knows of an asker that decides what they may. `parent_channel_id` is a thread's channel;
    `locale` as the platform names it; `rank` is None where the platform has none; `live` is False where a stream
    belongs to the place and is off."""

    way: Way = Way.COMMAND
    role_ids: frozenset[str] = frozenset()
    manages: bool = False
    parent_channel_id: str | None = None
    locale: str = SOURCE_LOCALE
    rank: Rank | None = None
    live: bool = True


ANYBODY = Standing()


@dataclass(frozen=True, slots=True)
class FaceRequest:
    """An accepted request, as the store keeps it. Times are Unix seconds.

    `locale` is the language of its answer, `cost` what it takes (frames × iterations × style; an estimate until its
    pictures are read). `reply_target` is whatever the platform's deliverer needs to answer after a restart (plain JSON
    values). `answer_ref` is what the platform calls the answer once it is posted and as long as it is there; several
    requests may share one. `refusal` are the words when it was refused. An answer stays for `keep_s`, until
    `remove_at`; None: for ever. `parent_channel_id` is the channel that a thread belongs to.
    """

    id: str
    origin: Origin
    emotes: tuple[Emote, ...]
    options: FaceOptions
    accepted_at: float
    deadline_at: float
    state: RequestState = RequestState.ACCEPTED
    locale: str = SOURCE_LOCALE
    cost: int = 1
    reply_target: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    answer_ref: str | None = None
    refusal: str | None = None
    keep_s: float | None = None
    remove_at: float | None = None
    parent_channel_id: str | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether others than those who read the answer may see the face: not where there are no admins to ask, and not
        what only the asker sees, is blurred, becomes an emoji, or is still to be guessed."""
        if self.origin.platform in _PRIVATE_PLATFORMS or self.origin.scope_id.startswith("dm:"):
            return False
        return self.ends_at is None and not any(self.reply_target.get(each) for each in _NOT_FOR_ALL)

    @property
    def is_of_private_pictures(self) -> bool:
        """Whether people's own pictures are in it."""
        return any(part.source.is_private for emote in self.emotes for part in emote.parts)

    @property
    def question_ref(self) -> str | None:
        """What the platform calls the message that asked, where one did: a target's `message_id`."""
        message_id = self.reply_target.get("message_id")
        return None if message_id is None else str(message_id)

    @property
    def ends_at(self) -> float | None:
        """When the only way to the asker ends, for a target that says so."""
        return self.reply_target.get("ends_at")

    @property
    def shown_user_ids(self) -> frozenset[str]:
        """Whose pictures it was made of: they may have it deleted, like the asker."""
        parts = (part for emote in self.emotes for part in emote.parts)
        return frozenset(part.shown_user_id for part in parts if part.shown_user_id)


@dataclass(frozen=True, slots=True)
class FacePicture:
    """A finished face in the picture store: a WebP or GIF file, its size in pixels, its id in `/pictures/{id}.webp`."""

    id: str
    content: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a request stands. `position` (1 = next) and `eta_s` are estimates and None once they say nothing.

    `refusal` carries the words for the asker when the state is REFUSED.
    """

    request_id: str
    state: RequestState
    position: int | None = None
    eta_s: float | None = None
    refusal: str | None = None
