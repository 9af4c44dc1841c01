import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.wire import ProtocolError, inflate, pack, unpack


@given(st.dictionaries(st.text().filter(lambda name: name != "protocol"), st.integers() | st.text()), st.binary())
def test_what_is_packed_is_unpacked(header: dict[str, object], body: bytes) -> None:
    unpacked, rest = unpack(pack(header, body, 100_000), 100_000)
    assert (unpacked, rest) == ({"protocol": 1, **header}, body)


def test_a_message_over_its_bound_is_neither_made_nor_read() -> None:
    message = pack({}, bytes(100), 200)
    with pytest.raises(ProtocolError, match="over the limit of 100"):
        pack({}, bytes(100), 100)
    with pytest.raises(ProtocolError, match="over the limit of 100"):
        unpack(message, 100)


def test_another_version_is_refused() -> None:
    with pytest.raises(ProtocolError, match="protocol version 1"):
        unpack(pack({"protocol": 2}, b"", 100), 100)


@pytest.mark.parametrize("expected_bytes", [99, 101])
def test_content_of_another_length_is_refused(expected_bytes: int) -> None:
    assert inflate(zlib.compress(bytes(100)), 100) == bytes(100)
    with pytest.raises(ProtocolError, match="do not fit"):
        inflate(zlib.compress(bytes(100)), expected_bytes)
