"""A picture host that misbehaves in every way a raw socket allows."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

Answer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


class HostileHost:
    """Serves each path the way `answers` says, others with 404; counts what it was asked, and how many at once."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.open = 0
        self.most_open = 0
        self.port = 0
        self.released = asyncio.Event()  # for answers that wait

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def hold(self, writer: asyncio.StreamWriter) -> None:
        """Answer an empty PNG once released."""
        await self.released.wait()
        await whole(b"png")(writer)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            self.released.set()
            server.close()
            await server.wait_closed()
            async with asyncio.timeout(20):
                while self.open:  # each connection ends by itself
                    await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                request = await reader.readuntil(b"\r\n\r\n")
                path = request.split()[1].decode()
                self.asked[path] += 1
                await self.answers.get(path, status(404))(writer)
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.open -= 1


def head(code: int = 200, **headers: object) -> bytes:
    """A response's head; header names with `_` for `-`."""
    lines = [f"HTTP/1.1 {code} Whatever", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body: bytes, content_type: str = "image/png") -> Answer:
    """An honest answer."""
    return _bytes(head(Content_Type=content_type, Content_Length=len(body)) + body)


def untyped(body: bytes) -> Answer:
    """Honest, but without a content type."""
    return _bytes(head(Content_Length=len(body)) + body)


def status(code: int) -> Answer:
    """An error, with a picture's content type to make it harder."""
    return _bytes(head(code, Content_Type="image/png", Content_Length=3) + b"png")


def redirect(target: str) -> Answer:
    """Somewhere else."""
    return _bytes(head(302, Location=target, Content_Length=0))


def lying(announced_bytes: int, body: bytes) -> Answer:
    """A Content-Length that is not the body's."""
    return _bytes(head(Content_Type="image/png", Content_Length=announced_bytes) + body)


def zipped(body: bytes) -> Answer:
    """gzip that nobody asked for."""
    packed = gzip.compress(body)
    return _bytes(head(Content_Type="image/png", Content_Encoding="gzip", Content_Length=len(packed)) + packed)


def gzip_bomb(size_bytes: int) -> Answer:
    """Zeros, a thousandth of their size on the wire."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(size_bytes // 1_000_000)) + packer.flush()
    return _bytes(head(Content_Type="image/png", Content_Encoding="gzip", Content_Length=len(packed)) + packed)


def damaged_gzip() -> Answer:
    """Says gzip, is not."""
    return _bytes(head(Content_Type="image/png", Content_Encoding="gzip", Content_Length=4) + b"png!")


async def endless(writer: asyncio.StreamWriter) -> None:
    """A body that never ends."""
    writer.write(head(Content_Type="image/png"))
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def slow_loris(writer: asyncio.StreamWriter) -> None:
    """A byte now and then: always something, never enough."""
    writer.write(head(Content_Type="image/png", Content_Length=1_000_000))
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


def not_http() -> Answer:
    """No response at all."""
    return _bytes(b"220 mail.example ESMTP ready\r\n")


def nothing() -> Answer:
    """Hangs up."""
    return _bytes(b"")


def _bytes(response: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response)

    return answer
