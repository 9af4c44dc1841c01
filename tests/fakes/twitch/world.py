"""What exists on the fake Twitch: people, channels, messages, rewards. Plain objects that tests may read and change."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

_counter = itertools.count(40_000_000)


def new_id() -> str:
    """Of an account: a short decimal number."""
    return str(next(_counter))


def new_uuid() -> str:
    """Of a message, a reward, a redemption, a subscription."""
    return str(uuid4())


def timestamp(at: float | None = None) -> str:
    """RFC 3339 with the nine digits that Twitch writes."""
    seconds = time.time() if at is None else at
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


@dataclass(slots=True, eq=False)
class User:
    """An account, which is also a channel. The sets have ids: who moderates, is a VIP, follows or subscribes here.

    `granted` are the scopes this account has given to the application; `stream_id` is set while it streams.
    """

    name: str
    id: str = field(default_factory=new_id)
    created_at: float = field(default_factory=time.time)
    moderators: set[str] = field(default_factory=set)
    vips: set[str] = field(default_factory=set)
    followers: set[str] = field(default_factory=set)
    subscribers: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    stream_id: str | None = None
    rewards: dict[str, Reward] = field(default_factory=dict)
    blocks_links: bool = False
    broadcaster_type: str = "partner"  # "" has no channel points

    @property
    def login(self) -> str:
        return self.name.lower()


@dataclass(slots=True, eq=False)
class Message:
    """In a chat, by whoever. `reward_id` when it came with a redemption; `fragments` as Twitch cut it."""

    channel: User
    author: User
    text: str
    fragments: list[dict[str, Any]]
    reply_to: str | None = None
    reward_id: str | None = None
    source: User | None = None  # of a shared chat: where it was written
    pinned: bool = False
    deleted: bool = False
    at: float = field(default_factory=time.time)
    id: str = field(default_factory=new_uuid)


@dataclass(slots=True, eq=False)
class Reward:
    """A custom reward. `fields` is the wire form of what the API sets; `client_id` who made it."""

    client_id: str
    fields: dict[str, Any]
    redemptions: dict[str, Redemption] = field(default_factory=dict)
    id: str = field(default_factory=new_uuid)


@dataclass(slots=True, eq=False)
class Redemption:
    """`status` is UNFULFILLED, FULFILLED or CANCELED (the points are back)."""

    channel: User
    reward: Reward
    user: User
    user_input: str
    status: str = "UNFULFILLED"
    at: float = field(default_factory=time.time)
    id: str = field(default_factory=new_uuid)


@dataclass(slots=True, eq=False)
class Token:
    """An access token. `user` None: the application's own. Ends at `ends_at` by the clock of this process."""

    user: User | None
    scopes: set[str]
    ends_at: float
    refresh: str | None
    value: str = field(default_factory=lambda: secrets.token_hex(15))


@dataclass(slots=True, eq=False)
class Subscription:
    """Of EventSub. `session_id` or `conduit_id`; `user_id` is whose token made it (None: the application)."""

    type: str
    version: str
    condition: dict[str, str]
    session_id: str | None = None
    conduit_id: str | None = None
    user_id: str | None = None
    status: str = "enabled"
    cost: int = 0
    created_at: str = field(default_factory=timestamp)
    id: str = field(default_factory=new_uuid)

    @property
    def key(self) -> tuple[Any, ...]:
        """No two enabled ones may share it."""
        return (self.type, self.version, *sorted(self.condition.items()), self.session_id, self.conduit_id)

    def to_json(self) -> dict[str, Any]:
        method = "websocket" if self.conduit_id is None else "conduit"
        place = {"session_id": self.session_id} if self.conduit_id is None else {"conduit_id": self.conduit_id}
        return {
            "id": self.id,
            "status": self.status,
            "type": self.type,
            "version": self.version,
            "condition": self.condition,
            "transport": {"method": method, **place},
            "created_at": self.created_at,
            "cost": self.cost,
        }


@dataclass(slots=True, eq=False)
class Conduit:
    """Shard number → the session that carries it."""

    shard_count: int
    shards: dict[int, str] = field(default_factory=dict)
    id: str = field(default_factory=new_uuid)
