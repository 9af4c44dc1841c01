import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.preprocess import cascade, framed
from inference.protocol import Layout
from inference.render import Drawn, face_tile, pixel_tile, rendered
from tests.inference.drawing import BLUE, GREEN, RED, disc

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE_FLAG = "UPDATE_SNAPSHOTS"
"""Set it to 1 to write the pictures anew; then look at them."""
SMALL = 100_000
"""Pixels of the snapshots, so that they stay small files."""


def drawn(colour: tuple[int, int, int, int] = RED, rounds: int = 1) -> Drawn:
    """An emote and as many faces: smooth gradients that differ from round to round."""
    emote = framed(disc(colour))
    backdrop = Image.new("RGB", emote.size, (255, 255, 255))
    backdrop.paste(emote, mask=emote)
    gradient = Image.linear_gradient("L").resize((128, 128))
    faces = [Image.merge("RGB", (gradient, gradient.rotate(90 * at), gradient.rotate(180))) for at in range(rounds)]
    return Drawn(emote, Image.fromarray(cascade(backdrop)), faces)


def picture_of(drawn: Sequence[Drawn], layout: Layout, *, seed: int = 0, max_pixels: int = 2_000_000) -> Image.Image:
    return rendered(drawn, layout, seed=seed, max_pixels=max_pixels)


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
    picture = picture_of(sheet(count, rounds), layout, max_pixels=SMALL)
    path = SNAPSHOTS / f"{layout.value}_{count}_{rounds}.png"
    if os.environ.get(UPDATE_FLAG) == "1":
        SNAPSHOTS.mkdir(exist_ok=True)
        picture.save(path, optimize=True)
    with Image.open(path) as expected:
        assert (picture.mode, picture.size) == (expected.mode, expected.size)
        difference = np.abs(np.asarray(picture).astype(int) - np.asarray(expected))
    assert difference.max() <= 1


def test_one_face_alone_is_a_plain_picture_of_512_px() -> None:
    picture = picture_of(sheet(1), Layout.FACE)
    assert (picture.mode, picture.size) == ("RGB", (512, 512))


@pytest.mark.parametrize("face_px", [128, 256])
@pytest.mark.parametrize("seen_px", [16, 64])
def test_faces_and_views_of_any_size_make_sheets_of_one_size(face_px: int, seen_px: int) -> None:
    each = drawn()
    other = Drawn(each.emote, each.seen.resize((seen_px, seen_px)), [each.faces[0].resize((face_px, face_px))])
    for layout in Layout:
        assert picture_of([other], layout).size == picture_of([each], layout).size


def test_the_face_shown_is_that_of_the_last_round() -> None:
    steps = drawn(rounds=3)
    last_only = Drawn(steps.emote, steps.seen, steps.faces[2:])
    for layout in (Layout.FACE, Layout.PAIR, Layout.GRID):
        assert picture_of([steps], layout) == picture_of([last_only], layout)


def test_pair_shows_the_emote_left_of_the_face_on_nothing() -> None:
    picture = picture_of(sheet(1), Layout.PAIR)
    assert picture.size == (512 + 32 + 512, 512)
    alpha = np.asarray(picture)[..., 3]
    assert (alpha[:, 512:544] == 0).all()  # the gap
    assert alpha[0, 0] == 0  # beside the emote's disc
    assert alpha[0, 544] == 0  # the face's rounded corner
    assert alpha[256, 256] == alpha[256, 800] == 255


def test_a_strip_shows_emote_and_pixels_and_every_round() -> None:
    steps = drawn(rounds=2)
    picture = picture_of([steps], Layout.STRIP, max_pixels=300_000)
    assert picture.size == (4 * 256 + 3 * 16, 256)
    second = picture.crop((272, 0, 528, 256)).convert("RGB")
    block = np.asarray(second)[128:144, 128:144].reshape(-1, 3)
    assert (block == block[0]).all()  # one network pixel, enlarged with hard edges
    assert block[0].tolist() == list(np.asarray(steps.seen)[8, 8])


@pytest.mark.parametrize("rounds", range(1, 11))
def test_a_long_strip_wraps_into_rows_without_losing_a_step(rounds: int) -> None:
    picture = picture_of([drawn(rounds=rounds)], Layout.STRIP, max_pixels=900_000)
    tile_px = next(side for side in (512, 384, 256) if (picture.width + side // 16) % (side * 17 // 16) == 0)
    step = tile_px * 17 // 16
    centres = np.asarray(picture)[tile_px // 2 :: step, tile_px // 2 :: step, 3]
    assert (centres == 255).sum() == rounds + 2
    assert centres.shape[1] <= 4


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("count", range(1, 10))
def test_up_to_nine_emotes_fit_one_picture_of_handy_size(layout: Layout, count: int) -> None:
    picture = picture_of(sheet(count, rounds=10), layout)
    assert max(picture.size) <= 2200
    assert picture.width * picture.height <= 2_000_000
    assert 1 / 4 <= picture.width / picture.height <= 7


def test_a_last_row_that_is_not_full_is_centred() -> None:
    alpha = np.asarray(picture_of(sheet(5), Layout.FACE))[..., 3]
    last_row = alpha[-alpha.shape[0] // 4]
    assert np.array_equal(last_row, last_row[::-1])


@pytest.mark.parametrize("max_pixels", [2_000_000, 500_000, 140_000, 20_000])
@pytest.mark.parametrize("layout", list(Layout))
def test_tiles_are_as_large_as_the_pixels_allow(layout: Layout, max_pixels: int) -> None:
    picture = picture_of(sheet(2), layout, max_pixels=max_pixels)
    assert max_pixels / 5 <= picture.width * picture.height <= max_pixels


def flat(level: int, side_px: int = 256) -> Image.Image:
    return Image.new("RGB", (side_px, side_px), (level, level // 2, 40))


def test_an_enlarged_face_gets_subtle_grain_that_leaves_its_colours() -> None:
    grain = np.asarray(face_tile(flat(160), 1)(512).convert("RGB")).astype(int) - (160, 80, 40)
    assert abs(grain.mean()) < 0.05
    assert 2 < grain.std() < 4
    assert (grain == grain[..., :1]).all()  # of luminance only


def test_the_same_seed_gives_the_same_grain_and_another_another() -> None:
    first, again, other = (np.asarray(face_tile(flat(160), seed)(512)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_face_that_is_not_enlarged_has_no_grain() -> None:
    for side_px in (256, 128):
        assert np.asarray(face_tile(flat(160), 1)(side_px).convert("RGB")).std((0, 1)).max() == 0


def test_pixels_have_no_grain() -> None:
    assert len(np.unique(np.asarray(pixel_tile(flat(160, 16))(512))[..., 0])) == 1


@pytest.mark.parametrize("layout", [Layout.PAIR, Layout.STRIP, Layout.GRID])
@pytest.mark.parametrize("seen_px", [16, 64])
def test_of_a_pixelated_picture_no_layout_shows_more_than_16_pixels_across(layout: Layout, seen_px: int) -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (128, 128, 3), np.uint8)).convert("RGBA")
    seen = Image.fromarray(rng.integers(0, 255, (seen_px, seen_px, 3), np.uint8))
    alike = [each.resize((16, 16), Image.Resampling.BOX).resize(each.size, 0) for each in (noise, seen)]
    faces = drawn().faces
    fine, coarse = (picture_of([Drawn(*each, faces).made_rough()], layout) for each in ((noise, seen), alike))
    assert fine.tobytes() == coarse.tobytes()


def test_a_pixelated_photo_has_hard_edges_and_round_corners_beside_its_face() -> None:
    photo = Image.effect_noise((128, 128), 80).convert("RGBA")
    picture = picture_of([Drawn(photo, drawn().seen, drawn().faces).made_rough()], Layout.PAIR)
    tile_px = picture.height
    block = tile_px // 16
    inner = np.asarray(picture)[block * 4 : block * 5, block * 4 : block * 5]
    assert (inner == inner[0, 0]).all()
    assert picture.getpixel((0, 0))[3] == 0


def test_a_sheet_may_show_one_original_and_one_pixelated() -> None:
    plain, rough = drawn(RED), drawn(GREEN).made_rough()
    mixed = np.asarray(picture_of([plain, rough], Layout.STRIP))
    alone = np.asarray(picture_of([plain, plain], Layout.STRIP))
    half = mixed.shape[0] // 2 - 64
    assert mixed.shape == alone.shape
    assert (mixed[:half] == alone[:half]).all()
