"""Between a browser and a server: one day it passes nothing on and says nothing either, as dead networks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class DeafProxy:
    """`deafen` is for the event streams that are open; other connections are closed, and new ones work."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._open: set[_Passing] = set()
        self.port = 0
        self.swallowed = 0

    def deafen(self) -> None:
        for passing in list(self._open):
            if passing.is_stream:
                passing.is_deaf = True
            else:
                passing.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        passing = _Passing(self, writer, back)
        self._open.add(passing)
        with suppress(ConnectionError):
            await asyncio.gather(passing.up(reader), passing.down(there))
        self._open.discard(passing)
        passing.close()


class _Passing:
    """One connection."""

    def __init__(self, proxy: DeafProxy, browser: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._browser = browser
        self._server = server
        self.is_stream = False
        self.is_deaf = False

    async def up(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            self.is_stream = b"/events" in data
            self._server.write(data)
            await self._server.drain()
        self._server.close()

    async def down(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            if self.is_deaf:
                self._proxy.swallowed += len(data)
            else:
                self._browser.write(data)
                await self._browser.drain()
        self._browser.close()

    def close(self) -> None:
        self._browser.close()
        self._server.close()


@asynccontextmanager
async def passing_on(upstream_port: int) -> AsyncIterator[DeafProxy]:
    """On a port of its own."""
    proxy = DeafProxy(upstream_port)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy
        for passing in list(proxy._open):
            passing.close()
