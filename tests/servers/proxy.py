"""A network that can be cut: a TCP relay in front of a server on this machine."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path


class Cut(Enum):
    """How a network fails: a hole swallows what is sent and says nothing, a break resets and refuses connections."""

    HOLE = "hole"
    BREAK = "break"


class Mended(Enum):
    """What becomes of the connections from before a hole ended: reset, going on with what was under way, or silent for
    ever, as when the router in between has forgotten them."""

    RESET = "reset"
    RESUMED = "resumed"
    FORGOTTEN = "forgotten"


class CutProxy:
    """Relays to a port of this machine, or to a socket in its file system, until it is cut."""

    def __init__(self, to: int | Path) -> None:
        self._to = to
        self._relays: set[_Relay] = set()
        self._listening: asyncio.Server | None = None
        self._is_open = True
        self.port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        """The first time on any free port."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def cut(self, how: Cut = Cut.HOLE) -> None:
        self._is_open = False
        if how is Cut.HOLE:
            for relay in self._relays:
                relay.passes.clear()
            return
        await self._stop_listening()
        self._reset_all()

    async def mend(self, old: Mended = Mended.RESET) -> None:
        """From now on new connections work."""
        self._is_open = True
        if self._listening is None:
            await self.listen()
        elif old is Mended.RESET:
            self._reset_all()
        elif old is Mended.RESUMED:
            for relay in self._relays:
                relay.passes.set()

    async def close(self) -> None:
        await self._stop_listening()
        self._reset_all()
        while self._relays:
            await asyncio.sleep(0.01)

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _reset_all(self) -> None:
        for relay in self._relays:
            relay.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = _Relay(self._to, reader, writer)
        self._relays.add(relay)
        if self._is_open:
            relay.passes.set()
        try:
            await relay.run()
        finally:
            self._relays.discard(relay)


class _Relay:
    """One connection; while `passes` is not set nothing goes either way."""

    def __init__(self, to: int | Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._to = to
        self._client = (reader, writer)
        self._writers = [writer]
        self._task: asyncio.Task[None] | None = None
        self.passes = asyncio.Event()

    def reset(self) -> None:
        """Both sides are told at once."""
        for writer in self._writers:
            if (end := writer.get_extra_info("socket")) is not None and end.family == socket.AF_INET:
                with suppress(OSError):  # it may have ended by itself
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        self._task = asyncio.ensure_future(self._both_ways())
        try:
            await asyncio.wait([self._task])
        finally:
            self._task.cancel()
            for writer in self._writers:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def _both_ways(self) -> None:
        await self.passes.wait()
        reader, writer = self._client
        with suppress(OSError, ExceptionGroup):
            from_server, to_server = await self._connected()
            self._writers.append(to_server)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, to_server))
                group.create_task(self._pass_on(from_server, writer))

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._to, Path):
            return await asyncio.open_unix_connection(self._to)
        return await asyncio.open_connection("127.0.0.1", self._to)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.passes.wait()
            writer.write(data)
            await writer.drain()
        await self.passes.wait()  # the end of a connection, too, is news that gets lost
        raise ConnectionResetError


@asynccontextmanager
async def cut_proxy(to: int | Path) -> AsyncIterator[CutProxy]:
    """A relay that works until it is cut."""
    proxy = CutProxy(to)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.close()
