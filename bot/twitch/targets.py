"""Where an answer goes: what a request's `reply_target` says on Twitch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from bot.twitch.chat_line import ChatLine


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """The channel, the message that asked (None: there is none), and how its author is called."""

    broadcaster_id: str
    message_id: str | None
    asker_name: str

    def to_json(self) -> dict[str, Any]:
        """Others may add values of their own."""
        return asdict(self)

    @classmethod
    def of(cls, line: ChatLine) -> Self:
        """In answer to what was said."""
        return cls(line.broadcaster_id, line.id, line.user_name)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Raise ValueError for what is none."""
        broadcaster_id, message_id = values.get("broadcaster_id"), values.get("message_id")
        if not isinstance(broadcaster_id, str) or not isinstance(message_id, str | None):
            raise ValueError("not a chat on Twitch")
        return cls(broadcaster_id, message_id, str(values.get("asker_name") or ""))
