"""Short words that bots on one NATS server tell each other, of which none may be missed for long.

A bot trusts in hearing only after it has heard itself on the connection it has. What it could not tell it tells on the
next connection. A connection that is silently cut is noticed later, so nothing may be relied on for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from nats.aio.msg import Msg

from inference.queue.nats.connection import Connection, Unreachable
from inference.queue.nats.names import CHANGES

KEEP_S = 10.0
TELL_TIMEOUT_S = 2.0
MAX_UNTOLD = 1000
ANYTHING = b""  # not one word, but that any may have been missed


class News:
    """Words are short, and mean the same to every bot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listeners: list[Callable[[str | None], None]] = []
        self._untold: set[bytes] = set()
        self._proof = b""
        self._heard_itself = False

    @property
    def keep_s(self) -> float:
        """For how long it may be relied on that nothing was heard; 0 when it may not."""
        return KEEP_S if self._connection.up and self._heard_itself else 0.0

    def listen(self, heard: Callable[[str | None], None]) -> None:
        """Call it with every word of others and of our own; with None when some may have been missed."""
        self._listeners.append(heard)

    async def tell(self, word: str) -> None:
        """Return when the server has it, or after a moment; then it is told later."""
        self._untold.add(word.encode())
        if len(self._untold) > MAX_UNTOLD:
            self._untold = {ANYTHING}
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(TELL_TIMEOUT_S):
                await self._tell_all()

    async def _tell_all(self) -> None:
        telling = frozenset(self._untold)
        for word in telling:
            await self._connection.publish(CHANGES, word)
        await self._connection.flush()
        self._untold -= telling

    async def set_up(self) -> None:
        """On a new connection."""
        self._heard_itself = False
        self._hear(None)
        self._proof = self._connection.new_inbox().encode()
        await self._connection.subscribe(CHANGES, self._on_word)
        await self._connection.publish(CHANGES, self._proof)
        await self._tell_all()

    async def _on_word(self, message: Msg) -> None:
        if message.data == self._proof:
            self._heard_itself = True
        elif not message.data.startswith(b"_INBOX"):
            self._hear(message.data.decode(errors="replace") or None)

    def _hear(self, word: str | None) -> None:
        for listener in self._listeners:
            listener(word)
