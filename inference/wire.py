"""How a message of the protocol lies in bytes: `length | JSON header | body` (standard library only)."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

PROTOCOL_VERSION = 1

_LENGTH = struct.Struct(">I")


class ProtocolError(ValueError):
    """The bytes or values are not a message of this protocol version."""


def pack(header: dict[str, Any], body: bytes, max_bytes: int) -> bytes:
    """Raise ProtocolError when the message would be larger than `max_bytes`."""
    text = json.dumps({"protocol": PROTOCOL_VERSION} | header, separators=(",", ":"), allow_nan=False).encode()
    return _bounded(_LENGTH.pack(len(text)) + text + body, max_bytes)


def unpack(message: bytes, max_bytes: int) -> tuple[dict[str, Any], bytes]:
    """Header and body. Raise ProtocolError unless the message is of this version and within the bound."""
    _bounded(message, max_bytes)
    if len(message) < _LENGTH.size:
        raise ProtocolError("the message is cut short")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if len(message) < end:
        raise ProtocolError("the message is cut short")
    try:
        header = json.loads(message[_LENGTH.size : end])
    except (ValueError, RecursionError) as error:
        raise ProtocolError("the message has no readable header") from error
    if not isinstance(header, dict) or header.get("protocol") != PROTOCOL_VERSION:
        raise ProtocolError(f"the message is not of protocol version {PROTOCOL_VERSION}")
    return header, message[end:]


def inflate(body: bytes, expected_bytes: int) -> bytes:
    """What was deflated; raise ProtocolError, having unpacked little, unless it is exactly as long as expected."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(body, expected_bytes)
        overflow = inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise ProtocolError("the pixels are damaged") from error
    if len(content) != expected_bytes or overflow or not inflater.eof or inflater.unused_data:
        raise ProtocolError("the pixels do not fit the pictures' sizes")
    return content


def _bounded(message: bytes, max_bytes: int) -> bytes:
    if len(message) > max_bytes:
        raise ProtocolError(f"a message of {len(message)} bytes is over the limit of {max_bytes}")
    return message
