"""A network that can be cut: a TCP relay in front of a server on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class CutProxy:
    """While it is cut nothing passes, connections stay open and silent, and new ones are not answered."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._open = asyncio.Event()
        self._open.set()
        self._relays: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def cut(self) -> None:
        self._open.clear()

    async def mend(self) -> None:
        """From now on things pass again; what was under way has been lost, so old connections break."""
        for relay in self._relays:
            relay.cancel()
        self._open.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._relays.add(task)
        server: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            from_server, server = await asyncio.open_connection("127.0.0.1", self._to_port)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._relay(reader, server))
                group.create_task(self._relay(from_server, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._relays.discard(task)
            for end in filter(None, (writer, server)):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@asynccontextmanager
async def cut_proxy(to_port: int) -> AsyncIterator[CutProxy]:
    """A relay that works until it is cut."""
    proxy = CutProxy(to_port)
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.mend()
        while proxy._relays:
            await asyncio.sleep(0.01)
