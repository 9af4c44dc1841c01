"""A finished face in fewer bytes: the same picture, format and mark."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from bot.smaller import smaller
from inference.encoding import Shot, encoded
from inference.protocol import Format


def noise(frames: int, side_px: int = 256) -> list[Shot]:
    """What compresses worst."""
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 256, (frames, side_px, side_px, 3), dtype=np.uint8)
    return [Shot(Image.fromarray(frame), 50 + at % 3) for at, frame in enumerate(pixels)]


def drawn(form: Format, frames: int, side_px: int = 256) -> bytes:
    return encoded(noise(frames, side_px), form, 900_000).content


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture))


def durations_ms(image: Image.Image) -> list[int]:
    found = []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        found.append(frame.info.get("duration", 0))
    return found


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("frames", [1, 7])
def test_it_fits_and_is_still_the_same_in_all_else(form: Format, frames: int) -> None:
    whole = drawn(form, frames)
    half = smaller(whole, len(whole) // 2)
    assert half is not None
    assert len(half) <= len(whole) // 2
    before, after = opened(whole), opened(half)
    assert (after.format, getattr(after, "n_frames", 1)) == (before.format, getattr(before, "n_frames", 1))
    assert after.width < before.width
    assert durations_ms(before) == durations_ms(after)


@pytest.mark.parametrize("form", Format)
def test_the_mark_of_its_origin_stays(form: Format) -> None:
    half = smaller(drawn(form, 3), 200_000)
    assert half is not None
    assert b"trainedAlgorithmicMedia" in half


def test_what_would_be_too_small_to_see_is_none() -> None:
    assert smaller(drawn(Format.WEBP, 1), 300) is None


def test_halving_comes_to_an_end() -> None:
    picture: bytes | None = drawn(Format.WEBP, 1)
    sizes = []
    while picture is not None:
        sizes.append(len(picture))
        picture = smaller(picture, len(picture) // 2)
    assert 1 < len(sizes) < 12
