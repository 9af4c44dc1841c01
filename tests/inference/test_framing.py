from __future__ import annotations

import asyncio
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.framing import (
    MAX_PART_BYTES,
    MAX_PARTS,
    FramingError,
    pack_message,
    read_message,
    receive_message,
)


def received(data: bytes) -> list[bytes]:
    async def receive() -> list[bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await receive_message(reader)

    return asyncio.run(receive())


@given(parts=st.lists(st.binary(max_size=300), max_size=10))
def test_a_message_arrives_as_it_was_sent(parts: list[bytes]) -> None:
    message = pack_message(parts)
    assert read_message(BytesIO(message)) == parts
    assert received(message) == parts


def test_messages_arrive_one_by_one_and_then_the_pipe_ends() -> None:
    pipe = BytesIO(pack_message([b"first"]) + pack_message([]) + pack_message([b"", b"third"]))
    assert [read_message(pipe) for _ in range(4)] == [[b"first"], [], [b"", b"third"], None]


@given(parts=st.lists(st.binary(max_size=20), min_size=1, max_size=4), data=st.data())
def test_a_message_that_is_cut_short_is_refused(parts: list[bytes], data: st.DataObject) -> None:
    message = pack_message(parts)
    cut = message[: data.draw(st.integers(1, len(message) - 1))]
    with pytest.raises(FramingError):
        read_message(BytesIO(cut))
    with pytest.raises(FramingError):
        received(cut)


@given(noise=st.binary(min_size=1, max_size=200))
def test_any_bytes_are_a_message_or_refused(noise: bytes) -> None:
    for read in (received, lambda data: read_message(BytesIO(data)) or []):
        try:
            parts = read(noise)
        except FramingError:
            continue
        assert noise.startswith(pack_message(parts))


@pytest.mark.parametrize("parts", [[b""] * (MAX_PARTS + 1), [bytes(MAX_PART_BYTES + 1)]])
def test_a_message_over_the_bounds_is_not_sent(parts: list[bytes]) -> None:
    with pytest.raises(FramingError):
        pack_message(parts)
