from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import (
    AUTO,
    COST_OF_RUN,
    DEFAULT_REALISM,
    MAX_FRAMES,
    MAX_ITERATIONS,
    MAX_JOB_BYTES,
    MAX_PICTURES,
    MAX_RESULT_BYTES,
    MAX_SEED,
    MAX_SIDE_PX,
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceResult,
    Format,
    Frame,
    Layout,
    Picture,
    Style,
    outcome_from_bytes,
)
from inference.wire import ProtocolError
from tests.inference.messages import failures, job, jobs, message, options, results, still

# -- there and back -------------------------------------------------------------------------------------------------


@given(jobs)
def test_a_job_comes_back_as_it_was_sent(sent: FaceJob) -> None:
    received = FaceJob.from_bytes(sent.to_bytes())
    assert received == sent
    assert received.key == sent.key


@given(results | failures)
def test_an_outcome_comes_back_as_it_was_sent(sent: FaceResult | FaceFailure) -> None:
    assert outcome_from_bytes(sent.to_bytes()) == sent


@given(options)
def test_options_come_back_from_json(sent: FaceOptions) -> None:
    assert FaceOptions.from_json(json.loads(json.dumps(sent.to_json()))) == sent


# -- the key --------------------------------------------------------------------------------------------------------


@given(jobs)
def test_the_key_is_a_sha256_in_hexadecimal(drawing: FaceJob) -> None:
    assert len(drawing.key) == 64
    assert set(drawing.key) <= set("0123456789abcdef")


@given(jobs, st.floats(allow_nan=False, allow_infinity=False))
def test_the_key_does_not_depend_on_the_deadline(drawing: FaceJob, deadline_at: float) -> None:
    assert replace(drawing, deadline_at=deadline_at).key == drawing.key


def test_what_is_shown_of_a_picture_is_part_of_the_key() -> None:
    assert job(pictures=(still(),)).key != job(pictures=(replace(still(), pixelated=True),)).key


@given(
    st.lists(st.tuples(st.binary(min_size=3, max_size=3), st.booleans()), min_size=1, max_size=12),
    st.binary(min_size=3, max_size=3),
)
def test_the_key_does_not_depend_on_colours_nobody_sees(pixels: list[tuple[bytes, bool]], other: bytes) -> None:
    def key(hidden: bytes | None) -> str:
        rgba = b"".join(
            colour + b"\xff" if visible else (colour if hidden is None else hidden) + b"\x00"
            for colour, visible in pixels
        )
        return job(pictures=(still(rgba, width=len(pixels)),)).key

    assert key(None) == key(other) == key(b"\x00\x00\x00")


@given(st.binary(min_size=16, max_size=16), st.integers(0, 15), st.integers(1, 255))
def test_the_key_depends_on_everything_that_can_be_seen(rgba: bytes, at: int, change: int) -> None:
    changed = bytearray(rgba)
    changed[at] ^= change
    pixel = at // 4 * 4
    seen = rgba[pixel + 3] or changed[pixel + 3]
    keys = {job(pictures=(still(content, 2, 2),)).key for content in (rgba, bytes(changed))}
    assert len(keys) == (2 if seen else 1)


@pytest.mark.parametrize(
    "other",
    [
        {"model_id": "classic-2"},
        {"options": FaceOptions(realism=0.05)},
        {"options": FaceOptions(iterations=2)},
        {"options": FaceOptions(seed=0)},
        {"options": FaceOptions(layout=Layout.FACE)},
        {"options": FaceOptions(form=Format.GIF)},
        {"pictures": (still(duration_ms=40),)},
        {"pictures": (still(b"\x10\x20\x30\xfe"),)},
        {"pictures": (still(), still())},
        {"pictures": (Picture(1, 1, still().frames * 2),)},
    ],
)
def test_the_key_depends_on_model_options_durations_and_pictures(other: dict[str, Any]) -> None:
    assert job(**other).key != job().key


def test_the_same_bytes_cut_into_other_pictures_have_another_key() -> None:
    rgba = bytes(range(64))
    shapes = [
        (still(rgba, 4, 4),),
        (still(rgba, 2, 8),),
        (still(rgba, 8, 2),),
        (still(rgba[:32], 2, 4), still(rgba[32:], 2, 4)),
        (Picture(2, 4, (Frame(rgba[:32]), Frame(rgba[32:]))),),
    ]
    assert len({job(pictures=shape).key for shape in shapes}) == len(shapes)


def test_pictures_in_another_order_are_another_drawing() -> None:
    one, two = still(b"\x01\x01\x01\xff"), still(b"\x02\x02\x02\xff")
    assert job(pictures=(one, two)).key != job(pictures=(two, one)).key


def test_the_key_is_the_same_in_every_process_and_version() -> None:
    """It names cached drawings outside this process: when it changes, all of them are drawn anew."""
    assert job().key == "4afef748bc334c3cae42624beeda6884f76a473abeac5e55bce9404bc5ee23be"


# -- options --------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1))
def test_realism_is_kept_in_steps_of_a_twentieth(realism: float) -> None:
    kept = FaceOptions(realism=realism).realism
    assert kept in {step / 20 for step in range(21)}
    assert abs(kept - realism) <= 0.025 + 1e-9
    assert FaceOptions(realism=kept).realism == kept


@pytest.mark.parametrize("style", Style)
def test_without_a_realism_a_style_has_its_own(style: Style) -> None:
    assert FaceOptions(style) == FaceOptions(style, DEFAULT_REALISM[style])
    assert job(options=FaceOptions(style)).key == job(options=FaceOptions(style, DEFAULT_REALISM[style])).key


def test_another_style_brings_its_own_realism_unless_one_is_given() -> None:
    options = FaceOptions(Style.CLASSIC, 0.5, seed=7)
    assert options.changed(style=Style.CURSED) == FaceOptions(Style.CURSED, seed=7)
    assert options.changed(style=Style.CURSED, realism=0.5) == FaceOptions(Style.CURSED, 0.5, seed=7)
    assert options.changed(style=Style.CLASSIC, iterations=2) == FaceOptions(Style.CLASSIC, 0.5, 2, seed=7)


def test_realism_that_looks_the_same_is_the_same_drawing() -> None:
    assert job(options=FaceOptions(realism=0.401)).key == job(options=FaceOptions(realism=0.4)).key


@pytest.mark.parametrize(
    "wrong",
    [
        {"realism": -0.01},
        {"realism": 1.01},
        {"realism": math.nan},
        {"realism": math.inf},
        {"iterations": 0},
        {"iterations": MAX_ITERATIONS + 1},
        {"seed": -1},
        {"seed": MAX_SEED + 1},
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        FaceOptions(**wrong)
    with pytest.raises(ProtocolError):
        FaceOptions.from_json(FaceOptions().to_json() | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"style": "photo"},
        {"layout": "round"},
        {"realism": None},
        {"iterations": "many"},
        {"iterations": math.inf},
        {"seed": [1]},
    ],
)
def test_options_of_another_kind_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        FaceOptions.from_json(FaceOptions().to_json() | wrong)


def test_requests_stored_before_there_were_formats_are_webp() -> None:
    values = FaceOptions(form=Format.GIF).to_json()
    del values["format"]
    assert FaceOptions.from_json(values) == FaceOptions()


@pytest.mark.parametrize("name", sorted(FaceOptions().to_json().keys() - {"format"}))
def test_a_missing_option_is_refused(name: str) -> None:
    values = FaceOptions().to_json()
    del values[name]
    with pytest.raises(ProtocolError):
        FaceOptions.from_json(values)


# -- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "frames"),
    [
        (0, 1, (Frame(b""),)),
        (1, 0, (Frame(b""),)),
        (-1, -1, (Frame(bytes(4)),)),
        (MAX_SIDE_PX + 1, 1, (Frame(bytes(4 * (MAX_SIDE_PX + 1))),)),
        (1, 1, ()),
        (1, 1, (Frame(bytes(4)),) * (MAX_FRAMES + 1)),
        (1, 1, (Frame(bytes(3)),)),
        (1, 1, (Frame(bytes(5)),)),
        (1, 1, (Frame(bytes(4)), Frame(bytes(8)))),
        (1, 1, (Frame(bytes(4), -1),)),
        (1, 1, (Frame(bytes(4), 60_001),)),
    ],
)
def test_a_picture_beyond_its_bounds_is_refused(width: int, height: int, frames: tuple[Frame, ...]) -> None:
    with pytest.raises(ProtocolError):
        Picture(width, height, frames)


@pytest.mark.parametrize("count", [0, MAX_PICTURES + 1])
def test_a_job_has_one_to_nine_pictures(count: int) -> None:
    with pytest.raises(ProtocolError):
        job(pictures=(still(),) * count)


@pytest.mark.parametrize("deadline_at", [math.nan, math.inf, -math.inf])
def test_a_deadline_that_is_no_moment_is_refused(deadline_at: float) -> None:
    with pytest.raises(ProtocolError):
        job(deadline_at=deadline_at)


def test_a_job_costs_its_frames_times_its_iterations_times_its_style() -> None:
    moving = Picture(1, 1, (Frame(bytes(4)),) * 7)
    assert job(pictures=(moving, still()), options=FaceOptions(iterations=3)).cost == 24
    assert job().cost == 1
    real = job(pictures=(moving, still()), options=FaceOptions(Style.REAL, iterations=3))
    assert (real.runs, real.cost) == (24, 24 * COST_OF_RUN[Style.REAL])


def test_the_best_of_all_rounds_costs_all_of_them() -> None:
    assert job(options=FaceOptions(iterations=AUTO)).cost == MAX_ITERATIONS


def test_the_largest_job_of_flat_pictures_fits() -> None:
    frame = Frame(bytes([1, 2, 3, 255]) * MAX_SIDE_PX**2, 40)
    largest = job(pictures=(Picture(MAX_SIDE_PX, MAX_SIDE_PX, (frame,) * MAX_FRAMES),) * MAX_PICTURES)
    assert FaceJob.from_bytes(largest.to_bytes()) == largest


def test_a_job_that_does_not_fit_is_not_sent() -> None:
    noise = still(os.urandom(4 * MAX_SIDE_PX**2), MAX_SIDE_PX, MAX_SIDE_PX)
    with pytest.raises(ProtocolError, match=f"limit of {MAX_JOB_BYTES}"):
        job(pictures=(noise,) * MAX_PICTURES).to_bytes()


@pytest.mark.parametrize(
    "wrong", [{"size": [0, 1]}, {"size": [1, -1]}, {"inference_ms": math.inf}, {"inference_ms": math.nan}]
)
def test_a_result_without_pixels_or_a_time_is_refused(wrong: dict[str, object]) -> None:
    header: dict[str, object] = {"protocol": 1, "key": "k", "size": [1, 1], "inference_ms": 1.0}
    assert isinstance(outcome_from_bytes(message(header)), FaceResult)
    with pytest.raises(ProtocolError):
        outcome_from_bytes(message(header | wrong))


def test_a_result_that_does_not_fit_is_neither_sent_nor_read() -> None:
    result = FaceResult("key", bytes(MAX_RESULT_BYTES), 1, 1, 1.0)
    with pytest.raises(ProtocolError, match=f"limit of {MAX_RESULT_BYTES}"):
        result.to_bytes()
    with pytest.raises(ProtocolError, match=f"limit of {MAX_RESULT_BYTES}"):
        outcome_from_bytes(bytes(MAX_RESULT_BYTES + 1))
