"""One connection to EventSub: twitchio's websocket, used once.

The library would reconnect and subscribe again by itself, but gives subscriptions up for good that Helix refuses in
that moment, and loses track of the new connection when Twitch moves a session. So a connection here ends when it ends,
and `bot.twitch.session` makes the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import structlog
from twitchio.eventsub.websockets import Websocket
from twitchio.exceptions import TwitchioException

from bot.twitch.errors import TwitchDown
from bot.twitch.http import HelixHttp

log = structlog.get_logger(__name__)

KEEPALIVE_S = 10  # Twitch breaks a silence after this many seconds; five more without a word, and the line is dead
OPEN_TIMEOUT_S = 20.0
CLOSE_TIMEOUT_S = 2.0
_NOBODY = "nobody"  # the library wants to know whose it is, to subscribe again, which it never does here


class EventSocket(Websocket):
    """`notified` and `revoked` get the frames; both must not wait. `gone` is set once the connection has ended."""

    def __init__(
        self,
        http: HelixHttp,
        *,
        notified: Callable[[Mapping[str, Any]], None],
        revoked: Callable[[Mapping[str, Any]], None],
    ) -> None:
        super().__init__(keep_alive_timeout=KEEPALIVE_S, reconnect_attempts=None, token_for=_NOBODY, http=http)
        self._notified = notified
        self._revoked = revoked
        self._said_why = False
        self.gone = asyncio.Event()
        self.move_to: str | None = None
        self.moving = asyncio.Event()
        """Set when Twitch asks to go to `move_to`, where the same session goes on."""

    async def open(self, url: str) -> str:
        """Connect, and the session's id once Twitch has said welcome. Raise TwitchDown."""
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await self.connect(url=url, fail_once=True)
        except (TwitchioException, TimeoutError) as error:
            await self.close()
            raise TwitchDown from error
        if self.session_id is None or self.gone.is_set():
            raise TwitchDown
        return self.session_id

    async def close(self, cleanup: bool = True, *, reassociate: bool = True) -> None:
        """End the connection; also called by the library when it has ended. Safe to repeat."""
        socket, tasks = self._socket, (self._listen_task, self._keep_alive_task)
        self.gone.set()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await super().close(cleanup, reassociate=reassociate)
        except TimeoutError:  # Twitch does not say goodbye
            for task in tasks:
                if task is not None:
                    task.cancel()
        if socket is not None and not self._said_why:
            self._said_why = True
            log.info("twitch_websocket_closed", session_id=self.session_id, code=socket.close_code)

    async def _process_reconnect(self, data: Any) -> None:
        self.move_to = str(data["payload"]["session"]["reconnect_url"])
        self.moving.set()

    async def _process_revocation(self, data: Any) -> None:
        self._revoked(cast("Mapping[str, Any]", data))

    async def _process_notification(self, data: Any) -> None:
        self._notified(cast("Mapping[str, Any]", data))
