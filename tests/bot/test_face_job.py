"""Whatever was fetched becomes a job that the wire takes and that is drawn in bearable time."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.emotes.resolver import MAX_EMOTES
from bot.face_job import MAX_RUNS, fitting_job, with_frames
from inference.protocol import MAX_JOB_BYTES, FaceJob, FaceOptions, Frame, Layout, Picture


def film(count: int, side_px: int = 4, seed: int = 1) -> Picture:
    """Noise: what compresses worst."""
    chance = random.Random(seed)
    return Picture(side_px, side_px, tuple(Frame(chance.randbytes(side_px**2 * 4), 30 + at % 7) for at in range(count)))


def job(*pictures: Picture, **options: object) -> FaceJob:
    return fitting_job("model", pictures, FaceOptions(**options), 0.0)  # type: ignore[arg-type]


def length_ms(picture: Picture) -> int:
    return sum(frame.duration_ms for frame in picture.frames)


def test_what_fits_is_left_as_it_is() -> None:
    pictures = (film(60), film(1), film(7))
    assert job(*pictures).pictures == pictures


@given(st.lists(st.integers(2, 60), min_size=1, max_size=MAX_EMOTES), st.integers(1, 10))
@settings(deadline=None, max_examples=50)
def test_a_job_is_never_more_work_than_agreed_and_plays_as_long(counts: list[int], iterations: int) -> None:
    pictures = [film(count) for count in counts]
    found = job(*pictures, iterations=iterations)
    assert found.runs <= MAX_RUNS
    assert [length_ms(picture) for picture in found.pictures] == [length_ms(picture) for picture in pictures]


def test_animations_that_fill_a_job_each_share_one() -> None:
    pictures = [film(30, side_px=64, seed=seed) for seed in range(MAX_EMOTES)]
    found = job(*pictures)
    assert len(found.to_bytes()) <= MAX_JOB_BYTES
    assert min(len(picture.frames) for picture in found.pictures) >= 5


def test_a_morph_takes_the_first_frame_only() -> None:
    found = job(film(30), film(1), layout=Layout.MORPH)
    assert [len(picture.frames) for picture in found.pictures] == [1, 1]
    assert found.pictures[0].frames[0] == Frame(film(30).frames[0].rgba)


@given(st.integers(1, 60), st.integers(1, 60))
def test_fewer_frames_are_chosen_evenly_and_last_as_long(count: int, most: int) -> None:
    whole = film(count)
    found = with_frames(whole, most)
    assert len(found.frames) == min(count, most)
    assert found.frames[0].rgba == whole.frames[0].rgba
    if len(found.frames) > 1:
        assert length_ms(found) == length_ms(whole)
    elif count > 1:
        assert length_ms(found) == 0


@pytest.mark.parametrize("layout", Layout)
def test_still_pictures_are_never_touched(layout: Layout) -> None:
    pictures = (film(1), film(1, seed=2))
    assert job(*pictures, layout=layout, iterations=10).pictures == pictures


@pytest.mark.parametrize("options", [{}, {"layout": Layout.MORPH}, {"iterations": 10}])
def test_what_is_pixelated_stays_so_with_fewer_frames(options: dict[str, object]) -> None:
    rough = replace(film(60, side_px=128), pixelated=True)
    [found] = job(rough, **options).pictures
    assert found.pixelated
    assert len(found.frames) < 60
