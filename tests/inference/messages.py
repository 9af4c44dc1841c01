"""Jobs, outcomes and messages to test the protocol with."""

from __future__ import annotations

import json
import struct
from typing import Any

from hypothesis import strategies as st

from inference.protocol import (
    AUTO,
    MAX_ITERATIONS,
    MAX_SEED,
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceResult,
    FailureCode,
    Format,
    Frame,
    Layout,
    Picture,
    Style,
)

options = st.builds(
    FaceOptions,
    style=st.sampled_from(Style),
    realism=st.floats(0, 1),
    iterations=st.just(AUTO) | st.integers(1, MAX_ITERATIONS),
    seed=st.none() | st.integers(0, MAX_SEED),
    layout=st.sampled_from(Layout),
    form=st.sampled_from(Format),
)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    width, height = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    size = width * height * 4
    frame = st.builds(Frame, st.binary(min_size=size, max_size=size), st.integers(0, 60_000))
    return Picture(width, height, tuple(draw(st.lists(frame, min_size=1, max_size=3))), draw(st.booleans()))


jobs = st.builds(
    FaceJob,
    model_id=st.text(),
    pictures=st.lists(pictures(), min_size=1, max_size=3).map(tuple),
    options=options,
    deadline_at=st.floats(allow_nan=False, allow_infinity=False),
)
results = st.builds(
    FaceResult,
    key=st.text(),
    picture=st.binary(),
    width_px=st.integers(1, 2000),
    height_px=st.integers(1, 2000),
    inference_ms=st.floats(0, 1e9),
)
failures = st.builds(FaceFailure, key=st.text(), code=st.sampled_from(FailureCode))


def still(rgba: bytes = b"\x10\x20\x30\xff", width: int = 1, height: int = 1, duration_ms: int = 0) -> Picture:
    return Picture(width, height, (Frame(rgba, duration_ms),))


def job(**changes: Any) -> FaceJob:
    values: dict[str, Any] = {
        "model_id": "classic-1",
        "pictures": (still(),),
        "options": FaceOptions(),
        "deadline_at": 1000.0,
    }
    return FaceJob(**(values | changes))


def message(header: object, body: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + body


def job_message(body: bytes | None = None, **changes: Any) -> bytes:
    """The message of `job()` with parts of its header changed."""
    original = job().to_bytes()
    end = 4 + struct.unpack_from(">I", original)[0]
    return message(json.loads(original[4:end]) | changes, original[end:] if body is None else body)
