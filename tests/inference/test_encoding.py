import io
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.encoding import GIF_PIXELS, PictureTooLarge, Shot, encoded, max_pixels
from inference.protocol import MAX_RESULT_BYTES, Format
from tests.inference.films import opened

FORMS = pytest.mark.parametrize("form", list(Format))


def noise(count: int, width_px: int = 64, height_px: int = 64, bands: int = 3) -> list[Shot]:
    pixels = np.random.default_rng(3).integers(0, 256, (count, height_px, width_px, bands), dtype=np.uint8)
    return [Shot(Image.fromarray(each), 20 + 10 * at) for at, each in enumerate(pixels)]


def halves(colour: tuple[int, int, int]) -> Image.Image:
    """Transparent left, coloured right."""
    image = Image.new("RGBA", (64, 32))
    image.paste((*colour, 255), (32, 0, 64, 32))
    return image


@FORMS
@pytest.mark.parametrize("count", [1, 3])
def test_a_file_is_of_the_form_asked_for_and_says_its_size(form: Format, count: int) -> None:
    file = encoded(noise(count), form, MAX_RESULT_BYTES)
    with Image.open(io.BytesIO(file.content)) as picture:
        assert picture.format == form.name
        assert getattr(picture, "n_frames", 1) == count
        assert picture.size == (file.width_px, file.height_px) == (64, 64)
    assert Format.of(file.content) is form


@pytest.mark.parametrize("count", [1, 3])
def test_a_webp_says_what_made_it(count: int) -> None:
    with Image.open(io.BytesIO(encoded(noise(count), Format.WEBP, MAX_RESULT_BYTES).content)) as picture:
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in picture.info["xmp"]
        ElementTree.fromstring(picture.info["xmp"])  # well-formed


@pytest.mark.parametrize("count", [1, 3])
def test_a_gif_says_what_made_it_in_a_comment(count: int) -> None:
    with Image.open(io.BytesIO(encoded(noise(count), Format.GIF, MAX_RESULT_BYTES).content)) as picture:
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in picture.info["comment"]


@FORMS
def test_what_moves_loops_for_ever(form: Format) -> None:
    with Image.open(io.BytesIO(encoded(noise(3), form, MAX_RESULT_BYTES).content)) as picture:
        assert picture.info["loop"] == 0


@given(st.lists(st.integers(20, 500), min_size=1, max_size=60))
def test_every_frame_reaches_the_file_with_its_duration(lasting: list[int]) -> None:
    shots = [
        Shot(Image.new("RGB", (8, 8), ((at * 41) % 256, (at * 97) % 256, 90 * (at % 3))), duration_ms)
        for at, duration_ms in enumerate(lasting)
    ]
    found = encoded(shots, Format.WEBP, MAX_RESULT_BYTES)
    if len(shots) > 1:
        assert list(opened(found.content).durations_ms) == lasting


def test_a_gif_keeps_what_is_transparent_and_its_colours() -> None:
    colours = [(200, 40, 30), (30, 160, 60)]
    content = encoded([Shot(halves(each), 50) for each in colours], Format.GIF, MAX_RESULT_BYTES).content
    with Image.open(io.BytesIO(content)) as picture:
        for at, colour in enumerate(colours):
            picture.seek(at)
            frame = np.asarray(picture.convert("RGBA")).astype(int)
            assert (frame[:, :32, 3] == 0).all()
            assert (frame[:, 32:, 3] == 255).all()
            assert np.abs(frame[:, 32:, :3] - colour).max() <= 8


def test_what_stands_still_in_a_gif_does_not_flicker() -> None:
    still = noise(1)[0].image
    shots = []
    for at in range(5):
        frame = Image.new("RGB", (80, 64), (40 * at, 90, 120))
        frame.paste(still, (0, 0))
        shots.append(Shot(frame, 40))
    content = encoded(shots, Format.GIF, MAX_RESULT_BYTES).content
    with Image.open(io.BytesIO(content)) as picture:
        frames = []
        for at in range(5):
            picture.seek(at)
            frames.append(np.asarray(picture.convert("RGB"))[:, :64])
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_a_still_that_would_be_too_large_is_saved_in_lower_quality_first() -> None:
    shots = noise(1, 256, 256)
    best = encoded(shots, Format.WEBP, MAX_RESULT_BYTES)
    less = encoded(shots, Format.WEBP, len(best.content) - 1)
    assert len(less.content) < len(best.content)
    assert (less.width_px, less.height_px) == (256, 256)


def test_then_it_is_made_smaller() -> None:
    least = encoded(noise(1, 256, 256), Format.WEBP, 6_000)
    assert len(least.content) <= 6_000
    assert least.width_px < 256


@FORMS
@pytest.mark.parametrize("max_bytes", [200_000, 60_000, 20_000, 6_000])
def test_what_moves_fits_by_lower_quality_then_smaller_then_with_fewer_frames(form: Format, max_bytes: int) -> None:
    shots = noise(20)
    found = encoded(shots, form, max_bytes)
    assert len(found.content) <= max_bytes
    with Image.open(io.BytesIO(found.content)) as picture:
        lasting = []
        for at in range(picture.n_frames):  # type: ignore[attr-defined]
            picture.seek(at)
            picture.load()
            lasting.append(picture.info["duration"])
    assert sum(lasting) == sum(shot.duration_ms for shot in shots)


@FORMS
def test_what_fits_in_no_way_is_an_error(form: Format) -> None:
    for count in (1, 5):
        with pytest.raises(PictureTooLarge):
            encoded(noise(count), form, 200)


@FORMS
@pytest.mark.parametrize(("frames", "ratio"), [(1, 1), (1, 2), (60, 1)])
def test_even_noise_of_as_many_pixels_as_allowed_fits_a_result(form: Format, frames: int, ratio: int) -> None:
    height_px = int((max_pixels(form, frames) / ratio) ** 0.5)
    shots = noise(1, height_px * ratio, height_px, bands=4) * frames
    lively = [Shot(shot.image.rotate(90 * at).resize(shot.image.size), 50) for at, shot in enumerate(shots)]
    assert len(encoded(lively, form, MAX_RESULT_BYTES).content) <= MAX_RESULT_BYTES


def test_a_gif_is_drawn_small_from_the_start() -> None:
    assert [max_pixels(Format.GIF, frames) * frames for frames in (1, 60)] == [GIF_PIXELS, GIF_PIXELS]
