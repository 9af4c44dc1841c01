"""The child's loop without a child: what it reads, and what it answers."""

import io

import pytest

from bot.decode.__main__ import decode, read_file
from bot.decode.wire import REPLY, REQUEST, Status
from tests.fakes import pictures


def asked(content: bytes, length: int | None = None) -> io.BytesIO:
    return io.BytesIO(REQUEST.pack(len(content) if length is None else length) + content)


def test_files_are_read_one_after_the_other_until_the_pipe_ends() -> None:
    source = io.BytesIO(asked(b"one").getvalue() + asked(b"").getvalue())
    assert [read_file(source, 10) for _ in range(3)] == [b"one", b"", None]


@pytest.mark.parametrize("source", [io.BytesIO(b"\x00"), asked(b"short", 6), asked(b"eleven byte", 11)])
def test_half_a_request_or_one_over_the_limit_ends_the_child(source: io.BytesIO) -> None:
    assert read_file(source, 10) is None


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (pictures.RED_FILES["gif"], Status.OK),
        (pictures.NO_PICTURES["html"], Status.UNSUPPORTED),
        (pictures.huge_png(), Status.TOO_MANY_PIXELS),
    ],
)
def test_an_answer_starts_with_its_status_and_sizes(content: bytes, status: Status) -> None:
    answer, carry_on = decode(content)
    found, width, height, length = REPLY.unpack_from(answer)
    assert (found, length) == (status, len(answer) - REPLY.size)
    assert length == (width * height * 4 + 2 if status is Status.OK else 0)
    assert carry_on


def test_a_child_that_ran_out_of_memory_says_so_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(content: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr("bot.decode.__main__.normalise", exhausted)
    answer, carry_on = decode(b"")
    assert REPLY.unpack(answer)[0] == Status.OUT_OF_MEMORY
    assert not carry_on
