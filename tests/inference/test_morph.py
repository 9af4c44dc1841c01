import numpy as np
import pytest
from PIL import Image

from inference.encoding import Shot
from inference.morph import COARSEST_PX, FRAMES, RISE, morphed
from inference.render import Drawn, emote_tile, face_tile, pixel_tile, side_by_side
from tests.inference.drawing import BLUE, RED

SEED, PIXELS = 4, 100_000


def drawn(colour: tuple[int, int, int, int] = RED, seen_px: int = 16, face_px: int = 128) -> Drawn:
    """A bar, and a face with detail of every size."""
    emote = Image.new("RGBA", (64, 64))
    emote.paste(colour, (16, 0, 48, 64))
    rows, columns = np.indices((face_px, face_px))
    face = np.stack([rows ^ columns, 255 * rows // face_px, 255 * columns // face_px], axis=-1).astype(np.uint8)
    return Drawn(emote, Image.new("RGB", (seen_px, seen_px), colour[:3]), [Image.fromarray(face)])


def shots_of(*each: Drawn) -> list[Shot]:
    return morphed(each, seed=SEED, max_pixels=PIXELS)


@pytest.mark.parametrize(("seen_px", "face_px"), [(16, 128), (64, 256)])
def test_the_loop_goes_from_the_emote_through_16_32_64_and_128_pixels_to_the_face(seen_px: int, face_px: int) -> None:
    each = drawn(seen_px=seen_px, face_px=face_px)
    pictures = [shot.image for shot in shots_of(each)]
    tile_px, face = pictures[0].width, each.faces[-1]
    seen = each.seen.resize((COARSEST_PX, COARSEST_PX), Image.Resampling.BOX)
    coarse = [face.resize((side_px, side_px), Image.Resampling.BOX) for side_px, _ in RISE]
    tiles = [emote_tile(each), *map(pixel_tile, [seen, *coarse]), face_tile(face, SEED)]
    stations = [pictures.index(tile(tile_px)) for tile in tiles]
    assert stations == sorted(set(stations))
    assert stations[0] == 0
    assert stations[-1] < len(pictures) - 1  # and back


def test_it_has_as_many_frames_as_it_says() -> None:
    assert len(shots_of(drawn())) == FRAMES <= 60


def test_the_loop_takes_about_three_seconds() -> None:
    assert 2_000 <= sum(shot.duration_ms for shot in shots_of(drawn())) <= 3_500


def test_no_step_of_the_way_jumps() -> None:
    pictures = [np.asarray(shot.image.convert("RGBa")).astype(int) for shot in shots_of(drawn())]
    steps = [
        np.abs(after - before).mean() for before, after in zip(pictures, [*pictures[1:], pictures[0]], strict=True)
    ]
    whole = np.abs(pictures[0] - pictures[FRAMES // 2]).mean()
    assert max(steps) < 0.6 * whole


def test_the_same_seed_gives_the_same_loop() -> None:
    first, again = shots_of(drawn()), shots_of(drawn())
    assert [shot.image for shot in first] == [shot.image for shot in again]


def test_a_change_to_what_is_transparent_keeps_its_colour() -> None:
    frames = [np.asarray(shot.image) for shot in shots_of(drawn((255, 255, 255, 255)))]
    last = frames[-1].astype(int)
    visible = last[..., 3] > 64
    bar = slice(last.shape[1] // 4 + 2, -last.shape[1] // 4 - 2)
    assert (last[:, bar, 0][visible[:, bar]] > 100).mean() > 0.9


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_several_emotes_change_together(count: int) -> None:
    shots = shots_of(*(drawn((RED, BLUE)[at % 2]) for at in range(count)))
    arrangement = side_by_side(count)
    assert {shot.image.size for shot in shots} == {arrangement.size(arrangement.tile_px(PIXELS))}


def test_of_a_pixelated_picture_no_frame_shows_more_than_16_pixels_before_the_face() -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).convert("RGBA")
    alike = noise.resize((16, 16), Image.Resampling.BOX).resize((64, 64), Image.Resampling.NEAREST)
    each = drawn()
    fine, coarse = (shots_of(Drawn(emote, each.seen, each.faces).made_rough()) for emote in (noise, alike))
    assert [shot.image.tobytes() for shot in fine] == [shot.image.tobytes() for shot in coarse]
