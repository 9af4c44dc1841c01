import numpy as np
import pytest
from PIL import Image

from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.controls import enlarged_from, face_controls, plain_controls


@pytest.fixture
def emotes() -> EmoteSet:
    colours = ("red", "green", "blue")
    return EmoteSet("three", colours, tuple(Image.new("RGBA", (40, 40), colour) for colour in colours))


@pytest.fixture
def faces() -> np.ndarray:
    """Two faces far from the mean of three, and one near it."""
    flat = np.full((3, 128, 128, 3), 100, np.uint8)
    flat[0], flat[1] = 0, 200
    flat[2, ::2] += 20
    return flat


def test_the_emote_itself_is_a_control(emotes: EmoteSet) -> None:
    controls = plain_controls()
    assert np.array_equal(controls["emote"](emotes), emotes.shown())
    assert controls["bicubic-16"](emotes).shape == (3, 128, 128, 3)


def test_the_mean_face_is_blended_with_the_emotes_colours(emotes: EmoteSet, faces: np.ndarray) -> None:
    controls = face_controls(faces)
    assert [name for name in controls if name.startswith("mean")] == [
        "mean-face-0.5",
        "mean-face-0.6",
        "mean-face-0.75",
    ]
    red = controls["mean-face-0.75"](emotes)[0]
    assert red[::2].mean((0, 1)) == pytest.approx((0.75 * 106.7 + 0.25 * 255, 0.75 * 106.7, 0.75 * 106.7), abs=1)


def test_the_most_average_faces_detail_is_pasted_on_the_emotes_colours(emotes: EmoteSet, faces: np.ndarray) -> None:
    pasted = face_controls(faces)["pasted-detail"](emotes)[2].astype(int)
    assert pasted[64:80:2, :, 2].mean() == 255
    assert pasted[65:80:2, :, 2].mean() == pytest.approx(245, abs=1)


def test_colours_are_what_few_pixels_hold() -> None:
    checkers = np.zeros((1, 128, 128, 3), np.uint8)
    checkers[0, ::2, ::2] = checkers[0, 1::2, 1::2] = 200
    assert enlarged_from(checkers, 8).std() < 1
