"""What exists on the fake Discord: people, places, messages. Plain objects that tests may read and change."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

DISCORD_EPOCH_MS = 1_420_070_400_000
EPHEMERAL, LOADING = 1 << 6, 1 << 7  # message flags
_counter = itertools.count()


def new_id() -> int:
    """A snowflake of this moment, larger than every one before."""
    milliseconds = int(time.time() * 1000) - DISCORD_EPOCH_MS
    return (milliseconds << 22) | (next(_counter) & 0x3FFFFF)


@dataclass(slots=True)
class User:
    """`avatar` is its hash, None for one of Discord's own; `manages` makes an admin."""

    name: str
    bot: bool = False
    id: int = field(default_factory=new_id)
    avatar: str | None = None
    manages: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(slots=True)
class Guild:
    name: str
    id: int = field(default_factory=new_id)
    icon: str | None = None
    emoji: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Channel:
    """A text channel of a guild, or a direct conversation with `partner`. `denied` names permissions the bot lacks."""

    name: str
    guild: Guild | None = None
    partner: User | None = None
    denied: set[str] = field(default_factory=set)
    id: int = field(default_factory=new_id)


@dataclass(slots=True)
class Attachment:
    filename: str
    content: bytes
    description: str | None = None
    content_type: str = "image/webp"
    size: tuple[int, int] | None = None  # width and height in pixels
    id: int = field(default_factory=new_id)


@dataclass(slots=True)
class Sticker:
    """`format_type`: 1 PNG, 2 APNG, 3 Lottie, 4 GIF."""

    name: str
    format_type: int
    content: bytes
    id: int = field(default_factory=new_id)


@dataclass(slots=True)
class Message:
    """A message in its present state; `history` has what it showed before each edit, `pinged` who was notified."""

    channel: Channel
    author: User
    content: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    stickers: list[Sticker] = field(default_factory=list)
    previews: list[str] = field(default_factory=list)  # the pictures of links, as Discord makes embeds of them
    forwarded: Message | None = None
    reply_to: int | None = None
    nonce: str | None = None
    flags: int = 0
    webhook_id: int | None = None
    type: int = 0
    pinged: set[str] = field(default_factory=set)
    history: list[str] = field(default_factory=list)
    deleted: bool = False
    id: int = field(default_factory=new_id)

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & LOADING)


@dataclass(slots=True)
class Interaction:
    """A slash command somebody used; `original` is the response, once the bot gave or deferred one."""

    channel: Channel
    user: User
    command: dict[str, Any]
    options: list[dict[str, Any]]
    token: str
    asked_at: float
    resolved: dict[str, Any] = field(default_factory=dict)
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    acknowledged: bool = False
    expired: bool = False
    id: int = field(default_factory=new_id)
