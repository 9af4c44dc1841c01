"""The values the chat side passes around: who asked for what, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from inference.protocol import FaceOptions


class Platform(StrEnum):
    """Where a request comes from; each has one deliverer."""

    CLI = "cli"
    WEB = "web"
    DISCORD = "discord"


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
class FaceRequest:
    """An accepted request, as the store keeps it. Times are Unix seconds.

    `reply_target` is whatever the platform's deliverer needs to answer after a restart (plain JSON values).
    `answer_ref` is what the platform calls the answer once it is posted, `refusal` the words when it was refused.
    """

    id: str
    origin: Origin
    emotes: tuple[Emote, ...]
    options: FaceOptions
    accepted_at: float
    deadline_at: float
    state: RequestState = RequestState.ACCEPTED
    reply_target: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    answer_ref: str | None = None
    refusal: str | None = None

    @property
    def shown_user_ids(self) -> frozenset[str]:
        """Whose pictures it was made of: they may have it deleted, like the asker."""
        return frozenset(emote.shown_user_id for emote in self.emotes if emote.shown_user_id)


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
