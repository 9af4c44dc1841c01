"""Reading what others send, up to a bound."""

from __future__ import annotations

import aiohttp

_CHUNK_BYTES = 64 * 1024


class TooMuch(ValueError):
    """There are more bytes than wanted."""


async def read_bounded(stream: aiohttp.StreamReader, max_bytes: int) -> bytes:
    """All of it, decompressed. aiohttp decompresses chunk by chunk, so a gzip bomb is noticed after a chunk too many.

    Raise TooMuch.
    """
    body = bytearray()
    async for chunk in stream.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            raise TooMuch
    return bytes(body)
