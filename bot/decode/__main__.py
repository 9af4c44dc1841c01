"""The decoder child: `python -m bot.decode MEMORY_MB SECONDS MAX_BYTES`, files in by stdin, pixels out by stdout."""

from __future__ import annotations

import sys
from typing import BinaryIO

from bot.decode import sandbox
from bot.decode.normalise import TooManyPixels, configure_pillow, normalise
from bot.decode.wire import REQUEST, Status, reply


def main() -> None:
    """Answer until the parent closes the pipe."""
    memory_mb, seconds, max_bytes = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    sandbox.die_with_parent()
    source, sink = sandbox.take_over_standard_streams()
    configure_pillow()
    sandbox.close_in(memory_mb)
    sink.write(reply(Status.READY))
    sink.flush()
    while (content := read_file(source, max_bytes)) is not None:
        sandbox.allow_cpu(seconds)
        answer, carry_on = decode(content)
        sink.write(answer)
        sink.flush()
        if not carry_on:
            break


def read_file(source: BinaryIO, max_bytes: int) -> bytes | None:
    """The next file; None when the parent is done, gone, or talks nonsense."""
    header = source.read(REQUEST.size)
    if len(header) < REQUEST.size:
        return None
    (length,) = REQUEST.unpack(header)
    content = source.read(length) if length <= max_bytes else b""
    return content if len(content) == length else None


def decode(content: bytes) -> tuple[bytes, bool]:
    """The answer, and whether this process is still good for another file."""
    try:
        picture = normalise(content)
    except TooManyPixels:
        return reply(Status.TOO_MANY_PIXELS), True
    except MemoryError:
        return reply(Status.OUT_OF_MEMORY), False
    except Exception:  # noqa: BLE001  # decoders raise anything over hostile bytes, and all of it means the same
        return reply(Status.UNSUPPORTED), True
    return reply(Status.OK, picture), True


if __name__ == "__main__":
    main()
