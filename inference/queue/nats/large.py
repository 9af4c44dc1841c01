"""What is larger than a message may be on this server (1 MB unless its `max_payload` says otherwise), in pieces.

Pieces are messages of a stream of their own that go by themselves; a message that refers to them names all there is.
"""

from __future__ import annotations

from inference.queue.nats.connection import Connection, Refused
from inference.queue.nats.names import LARGE, LARGE_SUBJECTS
from inference.wire import ProtocolError

HEADER_BYTES = 4096  # more than our headers take
MAX_PIECES = 1000


async def sendable(connection: Connection, content: bytes) -> tuple[bytes, str | None]:
    """What to send: the content itself, or nothing and the name of the pieces that hold it, for a header."""
    most = connection.max_payload - HEADER_BYTES
    if len(content) <= most:
        return content, None
    pieces = [content[start : start + most] for start in range(0, len(content), most)]
    name = f"{connection.new_inbox().rpartition('.')[2]}.{len(pieces)}"
    for number, piece in enumerate(pieces):
        await connection.store(f"{LARGE_SUBJECTS}.{name}.{number}", piece, {})
    return b"", name


async def received(connection: Connection, content: bytes, name: str | None) -> bytes:
    """The inverse of `sendable`. Raise ProtocolError when pieces are gone, or never were."""
    if name is None:
        return content
    identity, _, count = name.partition(".")
    if not identity.isalnum() or not count.isdecimal() or not 0 < int(count) <= MAX_PIECES:
        raise ProtocolError("not the name of pieces")
    pieces = [await connection.stored(LARGE, f"{LARGE_SUBJECTS}.{name}.{number}") for number in range(int(count))]
    if not all(pieces):
        raise ProtocolError("pieces of a message are gone")
    return b"".join(piece.data for piece in pieces if piece)


async def forget_large(connection: Connection, name: str) -> None:
    """Delete the pieces."""
    try:
        await connection.api(f"STREAM.PURGE.{LARGE}", {"filter": f"{LARGE_SUBJECTS}.{name}.*"})
    except Refused as refusal:
        raise ProtocolError("not the name of pieces") from refusal
