"""Saying one thing in one chat, and what can come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.twitch.errors import NotAuthorized, TwitchDown, TwitchRefused
from bot.twitch.helix import Dropped, Sent

_NOT_TAKEN = {401, 429}  # before anything was done


@dataclass(frozen=True, slots=True)
class Said:
    """Twitch has taken the message, or `dropped` it for the reason with this code."""

    message_id: str
    dropped: str | None = None


class NotSaid(Exception):
    """It is not in the chat; the same may work later."""


class MaybeSaid(Exception):
    """Nobody can tell, because the answer got lost."""


class Forbidden(Exception):
    """The bot may not speak there."""


class SendsMessages(Protocol):
    """`bot.twitch.helix.Helix`, which says what it does."""

    async def send_message(self, channel_id: str, text: str, *, reply_to: str | None = None) -> Sent | Dropped: ...


class Speaks(Protocol):
    """What says things in chats."""

    async def say(self, broadcaster_id: str, text: str, reply_to: str | None) -> Said:
        """At most 500 characters, in answer to a message or to nobody. Raise NotSaid, MaybeSaid or Forbidden."""
        ...


class Speaker:
    """As the bot's account; `helix` raises NotAuthorized while there is none."""

    def __init__(self, helix: Callable[[], SendsMessages]) -> None:
        self._helix = helix

    async def say(self, broadcaster_id: str, text: str, reply_to: str | None) -> Said:
        """See `Speaks`. It takes as long as the calls of Helix may take."""
        try:
            sent = await self._helix().send_message(broadcaster_id, text, reply_to=reply_to)
        except NotAuthorized as error:
            raise NotSaid("the bot's account has to connect again") from error
        except TwitchDown as error:
            if error.unsent or error.status in _NOT_TAKEN:
                raise NotSaid(str(error)) from error
            raise MaybeSaid from error
        except TwitchRefused as error:
            raise Forbidden(f"status {error.status}") from error
        return Said(sent.message_id) if isinstance(sent, Sent) else Said("", sent.code)
