"""How supervisor and child talk over pipes: a message is a few parts, `count | length | part | length | part …`.

Both sides bound what they read, so that stray bytes on the pipe are an error and never a huge allocation.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import BinaryIO

from inference.protocol import MAX_JOB_BYTES, MAX_RESULT_BYTES

MAX_PARTS = 256
MAX_PART_BYTES = max(MAX_JOB_BYTES, MAX_RESULT_BYTES)
_NUMBER = struct.Struct(">I")


class FramingError(Exception):
    """What came through the pipe is not a message."""


def pack_message(parts: Sequence[bytes]) -> bytes:
    """One message, ready to write. Raise FramingError when it is over the bounds of the reader."""
    _bounded(len(parts), MAX_PARTS)
    pieces = [_NUMBER.pack(len(parts))]
    for part in parts:
        pieces += _NUMBER.pack(_bounded(len(part), MAX_PART_BYTES)), part
    return b"".join(pieces)


def read_message(file: BinaryIO) -> list[bytes] | None:
    """The next message, None at the end of the pipe. Raise FramingError for anything else."""
    if not (head := file.read(_NUMBER.size)):
        return None
    parts = []
    for _ in range(_number(head, MAX_PARTS)):
        size = _number(file.read(_NUMBER.size), MAX_PART_BYTES)
        part = file.read(size)
        if len(part) < size:
            raise FramingError("the pipe ended inside a message")
        parts.append(part)
    return parts


async def receive_message(reader: asyncio.StreamReader) -> list[bytes]:
    """The next message. Raise FramingError for anything else, the end of the pipe included."""
    try:
        count = _number(await reader.readexactly(_NUMBER.size), MAX_PARTS)
        parts = []
        for _ in range(count):
            size = _number(await reader.readexactly(_NUMBER.size), MAX_PART_BYTES)
            parts.append(await reader.readexactly(size))
    except asyncio.IncompleteReadError as error:
        raise FramingError("the pipe ended") from error
    return parts


def _number(data: bytes, highest: int) -> int:
    if len(data) < _NUMBER.size:
        raise FramingError("the pipe ended inside a message")
    return _bounded(int(_NUMBER.unpack(data)[0]), highest)


def _bounded(number: int, highest: int) -> int:
    if number > highest:
        raise FramingError(f"not a message, or one over the bounds ({number} > {highest})")
    return number
