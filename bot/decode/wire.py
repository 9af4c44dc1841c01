"""What parent and child say to each other over a pipe (standard library and protocol only).

Parent: `length | file`. Child: `status | width | height | length | frames`, once with READY when it has started, then
once a file; a frame is `milliseconds | pixels`. The parent never trusts an answer's sizes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from inference.protocol import MAX_FRAMES, MAX_SIDE_PX, Frame, Picture
from inference.wire import ProtocolError

REQUEST = struct.Struct(">I")
REPLY = struct.Struct(">BHHI")
_DURATION = struct.Struct(">H")
MAX_FRAMES_BYTES = MAX_FRAMES * (_DURATION.size + MAX_SIDE_PX * MAX_SIDE_PX * 4)


class Status(IntEnum):
    """How a file fared; only OK carries pixels. After OUT_OF_MEMORY the child ends."""

    READY = 0
    OK = 1
    UNSUPPORTED = 2
    TOO_MANY_PIXELS = 3
    OUT_OF_MEMORY = 4


def reply(status: Status, picture: Picture | None = None) -> bytes:
    """One answer of the child."""
    if picture is None:
        return REPLY.pack(status, 0, 0, 0)
    frames = b"".join(_DURATION.pack(frame.duration_ms) + frame.rgba for frame in picture.frames)
    return REPLY.pack(status, picture.width_px, picture.height_px, len(frames)) + frames


def picture_of(size_px: tuple[int, int], frames: bytes) -> Picture:
    """The picture of an answer. Raise ProtocolError when it is none."""
    width_px, height_px = size_px
    frame_bytes = _DURATION.size + width_px * height_px * 4
    if len(frames) % frame_bytes:
        raise ProtocolError("the pixels do not fit the size")
    return Picture(width_px, height_px, tuple(_split(frames, frame_bytes)))


def _split(frames: bytes, frame_bytes: int) -> Iterator[Frame]:
    for at in range(0, len(frames), frame_bytes):
        (duration_ms,) = _DURATION.unpack_from(frames, at)
        yield Frame(frames[at + _DURATION.size : at + frame_bytes], duration_ms)
