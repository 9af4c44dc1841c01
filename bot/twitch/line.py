"""A session of EventSub that outlives its connection when Twitch moves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from yarl import URL

from bot.twitch.errors import TwitchDown
from bot.twitch.http import HelixHttp
from bot.twitch.socket import KEEPALIVE_S, EventSocket

log = structlog.get_logger(__name__)

Frame = Mapping[str, Any]


class LineLost(Exception):
    """The session has ended: its websocket subscriptions with it."""


class Line:
    """`run` keeps it until it is lost. Frames may come twice while it moves."""

    def __init__(
        self,
        http: HelixHttp,
        url: str,
        *,
        notified: Callable[[Frame], None],
        revoked: Callable[[Frame], None],
    ) -> None:
        self._http = http
        self._url = url
        self._notified = notified
        self._revoked = revoked
        self._socket: EventSocket | None = None
        self.session_id = ""

    async def open(self) -> str:
        """Connect; the id of the new session. Raise TwitchDown."""
        self._socket = self._new_socket()
        self.session_id = await self._socket.open(f"{self._url}?keepalive_timeout_seconds={KEEPALIVE_S}")
        return self.session_id

    async def run(self) -> None:
        """Follow Twitch where it moves the session; raise LineLost when there is none any more."""
        while True:
            assert self._socket is not None
            gone = asyncio.ensure_future(self._socket.gone.wait())
            moving = asyncio.ensure_future(self._socket.moving.wait())
            try:
                await asyncio.wait((gone, moving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                moving.cancel()
            if self._socket.gone.is_set() or self._socket.move_to is None:
                raise LineLost
            await self._move(self._socket, self._socket.move_to)

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()

    async def _move(self, old: EventSocket, url: str) -> None:
        """The old connection stays until the new one is welcome, so that nothing is missed."""
        if not is_same_service(url, self._url):
            log.warning("twitch_websocket_moved_elsewhere")
            raise LineLost
        new = self._new_socket()
        try:
            session_id = await new.open(url)
        except TwitchDown:
            raise LineLost from None
        self._socket = new
        await old.close()
        if session_id != self.session_id:
            raise LineLost
        log.info("twitch_websocket_moved", session_id=session_id)

    def _new_socket(self) -> EventSocket:
        return EventSocket(self._http, notified=self._notified, revoked=self._revoked)


def is_same_service(url: str, configured: str) -> bool:
    """Twitch names another of its servers: encrypted like the configured one, and below the same domain."""
    try:
        new, old = URL(url), URL(configured)
    except ValueError:
        return False
    if new.scheme != old.scheme or not new.host or not old.host:
        return False
    domain = ".".join(old.host.split(".")[-2:])
    return new.host == old.host or (domain[-1:].isalpha() and new.host.endswith(f".{domain}"))
