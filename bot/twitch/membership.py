"""Which channels the bot came to and left, for the sweeper: what was kept of a channel goes some time after the bot."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from bot.models import Platform, twitch_scope
from bot.store.servers import Servers


class Membership:
    """Compares with the store, so that what changed while the program was off is noticed, too."""

    def __init__(self, servers: Servers, clock: Callable[[], float] = time.time) -> None:
        self._servers = servers
        self._clock = clock
        self._known: frozenset[str] | None = None

    async def served(self, channel_ids: Collection[str]) -> None:
        """These are the channels now."""
        scopes = frozenset(map(twitch_scope, channel_ids))
        if scopes == self._known:
            return
        present, now = await self._servers.present(Platform.TWITCH), self._clock()
        await self._servers.left(present - scopes, now)
        await self._servers.joined(scopes - present, now, greeted=True)
        self._known = scopes
