"""What parent and child say to each other over a pipe (standard library only).

Parent: `length | file`. Child: `status | width | height | length | pixels`, once with READY when it has started, then
once a file. The parent never trusts an answer's sizes.
"""

from __future__ import annotations

import struct
from enum import IntEnum

REQUEST = struct.Struct(">I")
REPLY = struct.Struct(">BHHI")


class Status(IntEnum):
    """How a file fared; only OK carries pixels. After OUT_OF_MEMORY the child ends."""

    READY = 0
    OK = 1
    UNSUPPORTED = 2
    TOO_MANY_PIXELS = 3
    OUT_OF_MEMORY = 4


def reply(status: Status, size_px: tuple[int, int] = (0, 0), rgba: bytes = b"") -> bytes:
    """One answer of the child."""
    return REPLY.pack(status, *size_px, len(rgba)) + rgba
