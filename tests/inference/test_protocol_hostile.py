"""Whatever bytes arrive, `inference.protocol` reads them or raises ProtocolError, in little memory."""

from __future__ import annotations

import math
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import (
    MAX_FRAMES,
    MAX_JOB_BYTES,
    MAX_PICTURES,
    MAX_SIDE_PX,
    FaceFailure,
    FaceJob,
    FaceResult,
    FailureCode,
    outcome_from_bytes,
)
from inference.wire import ProtocolError
from tests.inference.messages import failures, job, job_message, jobs, message, results

MB = 1_000_000
READERS: tuple[Callable[[bytes], object], ...] = (FaceJob.from_bytes, outcome_from_bytes)


@contextmanager
def memory_below(max_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < max_bytes


@pytest.mark.parametrize("read", READERS)
@given(content=st.binary())
def test_random_bytes_are_refused(read: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(content)


@given(jobs, st.data())
def test_a_job_cut_short_is_refused(sent: FaceJob, data: st.DataObject) -> None:
    content = sent.to_bytes()
    with pytest.raises(ProtocolError):
        FaceJob.from_bytes(content[: data.draw(st.integers(0, len(content) - 1))])


@given(jobs, st.binary(min_size=1))
def test_a_job_with_something_after_it_is_refused(sent: FaceJob, more: bytes) -> None:
    with pytest.raises(ProtocolError):
        FaceJob.from_bytes(sent.to_bytes() + more)


@given(jobs | results | failures, st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=4))
def test_changed_bytes_are_refused_or_another_valid_message(
    sent: FaceJob | FaceResult | FaceFailure, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(sent.to_bytes())
    for at, change in changes:
        content[at % len(content)] ^= change
    for read in READERS:
        try:
            received = read(bytes(content))
        except ProtocolError:
            continue
        assert isinstance(received, FaceJob | FaceResult | FaceFailure)
        assert read(received.to_bytes()) == received


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from(["protocol", "model_id", "options", "deadline_at", "pictures"]),
    json_values
    | st.lists(
        st.fixed_dictionaries({"size": json_values, "durations_ms": json_values, "pixelated": json_values}), max_size=2
    ),
)
def test_any_value_in_a_jobs_header_is_read_or_refused(name: str, value: object) -> None:
    try:
        received = FaceJob.from_bytes(job_message(None, **{name: value}))
    except ProtocolError:
        return
    assert FaceJob.from_bytes(received.to_bytes()) == received


@given(st.sampled_from(["protocol", "key", "size", "inference_ms", "failure"]), json_values)
def test_any_value_in_an_outcomes_header_is_read_or_refused(name: str, value: object) -> None:
    header: dict[str, object] = {"protocol": 1, "key": "k", "size": [1, 1], "inference_ms": 1.0}
    try:
        received = outcome_from_bytes(message(header | {name: value}))
    except ProtocolError:
        return
    assert outcome_from_bytes(received.to_bytes()) == received


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00\x00",
        struct.pack(">I", 2**32 - 1) + b"{}",
        struct.pack(">I", 2) + b"{}",
        message([1]),
        message("protocol"),
        message({"protocol": 2}),
        message({"protocol": "1"}),
        message({"protocol": 1}),
        struct.pack(">I", 200_000) + b"[" * 200_000,
        struct.pack(">I", 200_000) + b"9" * 200_000,
        struct.pack(">I", 2) + b"\xff\xff",
    ],
    ids=lambda content: repr(content[:16]),
)
def test_what_is_no_message_of_this_version_is_refused(read: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(content)


def test_a_picture_is_not_an_outcome_and_an_outcome_not_a_picture() -> None:
    with pytest.raises(ProtocolError):
        outcome_from_bytes(job().to_bytes())
    with pytest.raises(ProtocolError):
        FaceJob.from_bytes(FaceFailure("k", FailureCode.GENERATOR_HUNG).to_bytes())


@pytest.mark.parametrize(
    "described",
    [
        [{"size": [1, 1], "durations_ms": [0]}],
        [{"size": [], "durations_ms": [0], "pixelated": False}],
        [{"size": [1], "durations_ms": [0], "pixelated": False}],
        [{"size": [1, math.inf], "durations_ms": [0], "pixelated": False}],
        [{"size": [1, 1], "durations_ms": [math.inf], "pixelated": False}],
        [{"size": [1, 1], "durations_ms": [], "pixelated": False}],
        [{"size": [-1, -1], "durations_ms": [0], "pixelated": False}],
        [
            {"size": [2, 1], "durations_ms": [0], "pixelated": False},
            {"size": [-1, 1], "durations_ms": [0], "pixelated": False},
        ],
        [{"size": [1, 1], "durations_ms": [0, 0], "pixelated": False}],
        [{"size": [10**6, 10**6], "durations_ms": [0], "pixelated": False}],
        [],
        [[1, 1]],
        {"size": [1, 1]},
    ],
)
def test_pictures_that_do_not_fit_their_description_are_refused(described: object) -> None:
    with pytest.raises(ProtocolError):
        FaceJob.from_bytes(job_message(pictures=described))


@pytest.mark.parametrize("bytes_inside", [3, 5, 5000])
def test_pixels_that_are_too_few_or_too_many_are_refused(bytes_inside: int) -> None:
    with pytest.raises(ProtocolError, match="do not fit"):
        FaceJob.from_bytes(job_message(body=zlib.compress(bytes(bytes_inside))))


def test_damaged_pixels_are_refused() -> None:
    with pytest.raises(ProtocolError, match="damaged"):
        FaceJob.from_bytes(job_message(body=b"no zlib at all"))


def test_a_compression_bomb_is_refused_in_little_memory() -> None:
    bomb = job_message(body=zlib.compress(bytes(300 * MB), 9))
    assert len(bomb) < MAX_JOB_BYTES
    with memory_below(2 * MB), pytest.raises(ProtocolError, match="do not fit"):
        FaceJob.from_bytes(bomb)


def test_a_header_that_promises_much_costs_little_memory() -> None:
    huge = {"size": [MAX_SIDE_PX, MAX_SIDE_PX], "durations_ms": [0] * MAX_FRAMES, "pixelated": False}
    described = [huge] * MAX_PICTURES
    with memory_below(2 * MB), pytest.raises(ProtocolError, match="do not fit"):
        FaceJob.from_bytes(job_message(pictures=described))


def test_a_message_over_the_limit_is_not_even_looked_at() -> None:
    with pytest.raises(ProtocolError, match=f"limit of {MAX_JOB_BYTES}"):
        FaceJob.from_bytes(bytes(MAX_JOB_BYTES + 1))
