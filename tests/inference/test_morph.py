import numpy as np
import pytest
from PIL import Image

from inference.morph import morphed
from inference.render import Drawn, tile, tiled
from tests.inference.drawing import BLUE, RED


def drawn(colour: tuple[int, int, int, int] = RED) -> Drawn:
    emote = Image.new("RGBA", (64, 64))
    emote.paste(colour, (16, 0, 48, 64))
    gradient = Image.linear_gradient("L").resize((128, 128))
    return Drawn(emote, Image.new("RGB", (16, 16), colour[:3]), [Image.merge("RGB", (gradient,) * 3)])


def test_the_loop_goes_from_the_emote_through_its_pixels_to_the_face() -> None:
    each = drawn()
    shots = morphed([each])
    pictures = [shot.image for shot in shots]
    stations = [pictures.index(tile(picture)) for picture in (each.emote, each.seen, each.faces[-1])]
    assert stations == sorted(stations)
    assert stations[0] == 0
    assert stations[2] < len(shots) - 1  # and back


def test_the_loop_takes_about_two_seconds() -> None:
    assert 1_500 <= sum(shot.duration_ms for shot in morphed([drawn()])) <= 2_500


def test_no_step_of_the_way_jumps() -> None:
    pictures = [np.asarray(shot.image.convert("RGBa")).astype(int) for shot in morphed([drawn()])]
    steps = [
        np.abs(after - before).mean() for before, after in zip(pictures, [*pictures[1:], pictures[0]], strict=True)
    ]
    assert max(steps) < 100


def test_a_fade_to_what_is_transparent_keeps_its_colour() -> None:
    last = morphed([drawn((255, 255, 255, 255))])[-1].image
    assert last.getpixel((128, 200))[0] > 150  # type: ignore[index]


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_several_emotes_change_together(count: int) -> None:
    emotes = [drawn((RED, BLUE)[at % 2]) for at in range(count)]
    shots = morphed(emotes)
    assert {shot.image.size for shot in shots} == {tiled([each.emote for each in emotes]).size}
