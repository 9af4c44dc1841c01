import io
import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from inference.preprocess import cascade, framed
from inference.protocol import Layout
from inference.render import Drawn, PictureTooLarge, encoded, rendered
from tests.inference.drawing import BLUE, GREEN, RED, disc

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE_FLAG = "UPDATE_SNAPSHOTS"
"""Set it to 1 to write the pictures anew; then look at them."""


def drawn(colour: tuple[int, int, int, int] = RED, rounds: int = 1) -> Drawn:
    """An emote and as many faces: smooth gradients that differ from round to round."""
    emote = framed(disc(colour))
    backdrop = Image.new("RGB", emote.size, (255, 255, 255))
    backdrop.paste(emote, mask=emote)
    gradient = Image.linear_gradient("L").resize((128, 128))
    faces = [Image.merge("RGB", (gradient, gradient.rotate(90 * at), gradient.rotate(180))) for at in range(rounds)]
    return Drawn(emote, Image.fromarray(cascade(backdrop)), faces)


def sheet(count: int, rounds: int = 1) -> list[Drawn]:
    return [drawn((RED, GREEN, BLUE)[at % 3], rounds) for at in range(count)]


@pytest.mark.parametrize(
    ("layout", "count", "rounds"),
    [
        (Layout.FACE, 1, 1),
        (Layout.FACE, 5, 1),
        (Layout.PAIR, 1, 1),
        (Layout.STRIP, 1, 5),
        (Layout.STRIP, 2, 2),
        (Layout.GRID, 4, 1),
    ],
)
def test_layouts_look_as_they_did(layout: Layout, count: int, rounds: int) -> None:
    picture = rendered(sheet(count, rounds), layout)
    path = SNAPSHOTS / f"{layout.value}_{count}_{rounds}.png"
    if os.environ.get(UPDATE_FLAG) == "1":
        SNAPSHOTS.mkdir(exist_ok=True)
        picture.save(path, optimize=True)
    with Image.open(path) as expected:
        assert (picture.mode, picture.size) == (expected.mode, expected.size)
        difference = np.abs(np.asarray(picture).astype(int) - np.asarray(expected))
    assert difference.max() <= 1


def test_one_face_alone_is_a_plain_picture_of_256_px() -> None:
    picture = rendered(sheet(1), Layout.FACE)
    assert (picture.mode, picture.size) == ("RGB", (256, 256))


def test_the_face_shown_is_that_of_the_last_round() -> None:
    steps = drawn(rounds=3)
    last_only = Drawn(steps.emote, steps.seen, steps.faces[2:])
    for layout in (Layout.FACE, Layout.PAIR, Layout.GRID):
        assert rendered([steps], layout) == rendered([last_only], layout)


def test_pair_shows_the_emote_left_of_the_face_on_nothing() -> None:
    picture = rendered(sheet(1), Layout.PAIR)
    assert picture.size == (256 + 16 + 256, 256)
    alpha = np.asarray(picture)[..., 3]
    assert (alpha[:, 256:272] == 0).all()  # the gap
    assert alpha[0, 0] == 0  # beside the emote's disc
    assert alpha[0, 272] == 0  # the face's rounded corner
    assert alpha[128, 128] == alpha[128, 400] == 255


def test_a_strip_shows_emote_and_pixels_and_every_round() -> None:
    steps = drawn(rounds=2)
    picture = rendered([steps], Layout.STRIP)
    assert picture.size == (4 * 256 + 3 * 16, 256)
    second = picture.crop((272, 0, 528, 256)).convert("RGB")
    block = np.asarray(second)[128:144, 128:144].reshape(-1, 3)
    assert (block == block[0]).all()  # one network pixel, enlarged with hard edges
    assert block[0].tolist() == list(np.asarray(steps.seen)[8, 8])


@pytest.mark.parametrize("rounds", range(1, 11))
def test_a_long_strip_wraps_into_rows_without_losing_a_step(rounds: int) -> None:
    picture = rendered([drawn(rounds=rounds)], Layout.STRIP)
    centres = np.asarray(picture)[128::272, 128::272, 3]
    assert (centres == 255).sum() == rounds + 2
    assert picture.width <= 4 * 272


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("count", range(1, 10))
def test_up_to_nine_emotes_fit_one_picture_of_handy_size(layout: Layout, count: int) -> None:
    picture = rendered(sheet(count, rounds=10), layout)
    assert max(picture.size) <= 2200
    assert 1 / 4 <= picture.width / picture.height <= 7


def test_a_last_row_that_is_not_full_is_centred() -> None:
    alpha = np.asarray(rendered(sheet(5), Layout.FACE))[..., 3]
    last_row = alpha[-128]
    assert np.array_equal(last_row, last_row[::-1])


def test_the_file_is_a_webp_that_says_what_made_it() -> None:
    file = encoded(rendered(sheet(1), Layout.PAIR), 900_000)
    with Image.open(io.BytesIO(file.webp)) as picture:
        assert picture.format == "WEBP"
        assert picture.mode == "RGBA"
        assert picture.size == (file.width_px, file.height_px)
        assert b"digitalsourcetype/trainedAlgorithmicMedia" in picture.info["xmp"]
        ElementTree.fromstring(picture.info["xmp"])  # well-formed


def noise(side_px: int) -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_a_file_that_would_be_too_large_is_saved_in_lower_quality_first() -> None:
    picture = noise(256)
    best = encoded(picture, 900_000)
    less = encoded(picture, len(best.webp) - 1)
    assert len(less.webp) < len(best.webp)
    assert (less.width_px, less.height_px) == (256, 256)


def test_then_it_is_made_smaller() -> None:
    picture = noise(256)
    least = encoded(picture, 6_000)
    assert len(least.webp) <= 6_000
    assert least.width_px < 256


def test_what_cannot_be_made_small_enough_is_an_error() -> None:
    with pytest.raises(PictureTooLarge):
        encoded(noise(256), 500)
