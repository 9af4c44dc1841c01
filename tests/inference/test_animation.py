import io
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.animation import Shot, animated, looped
from inference.protocol import Picture
from inference.render import PictureTooLarge
from inference.timeline import timeline
from tests.inference.drawing import disc
from tests.inference.films import opened, rolling_ball


def noise(count: int, side_px: int = 64) -> list[Shot]:
    pixels = np.random.default_rng(3).integers(0, 256, (count, side_px, side_px, 3), dtype=np.uint8)
    return [Shot(Image.fromarray(each), 20 + 10 * at) for at, each in enumerate(pixels)]


@given(st.lists(st.integers(20, 500), min_size=1, max_size=60))
def test_every_frame_reaches_the_file_with_its_duration(lasting: list[int]) -> None:
    shots = [
        Shot(Image.new("RGB", (8, 8), ((at * 41) % 256, (at * 97) % 256, 90 * (at % 3))), duration_ms)
        for at, duration_ms in enumerate(lasting)
    ]
    found = animated(shots, 900_000)
    if len(shots) > 1:
        assert list(opened(found.webp).durations_ms) == lasting


def test_the_file_loops_for_ever_and_says_what_made_it() -> None:
    file = animated(noise(3), 900_000)
    with Image.open(io.BytesIO(file.webp)) as picture:
        assert (picture.info["loop"], picture.size) == (0, (file.width_px, file.height_px))
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in picture.info["xmp"]
        ElementTree.fromstring(picture.info["xmp"])


@pytest.mark.parametrize("max_bytes", [200_000, 60_000, 20_000, 6_000, 1_500])
def test_it_fits_by_lower_quality_then_smaller_then_with_fewer_frames(max_bytes: int) -> None:
    shots = noise(20)
    best, found = animated(shots, 10_000_000), animated(shots, max_bytes)
    assert len(found.webp) <= max_bytes
    assert found.width_px <= best.width_px
    playing = opened(found.webp) if max_bytes > 1_500 else None
    if playing is not None:
        assert sum(playing.durations_ms) == sum(shot.duration_ms for shot in shots)


def test_what_fits_in_no_way_is_an_error() -> None:
    with pytest.raises(PictureTooLarge):
        animated(noise(5), 300)


def test_frames_are_drawn_smaller_when_there_are_many_large_ones() -> None:
    moments = timeline([rolling_ball([50] * 60)])
    shots = looped(lambda moment: Image.new("RGBA", (2000, 1000), (moment.frames[0], 0, 0, 255)), moments)
    assert {shot.image.size for shot in shots} == {(500, 250)}
    assert [shot.image.getpixel((5, 5)) for shot in shots] == [(at, 0, 0, 255) for at in range(60)]


def test_a_still_picture_is_one_moment() -> None:
    still: Picture = disc()
    assert [moment.frames for moment in timeline([still, still])] == [(0, 0)]


def test_moments_follow_each_other_without_repeating() -> None:
    moments = timeline([rolling_ball([40] * 7), rolling_ball([70] * 5)])
    assert all(one.frames != other.frames for one, other in pairwise(moments))
