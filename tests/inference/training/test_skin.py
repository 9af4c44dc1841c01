import numpy as np
import pytest

from inference.training.faces import Faces
from inference.training.skin import MOST_OFTEN, even_shares, skin_lightness


def painted(faces: Faces, colour: tuple[int, int, int]) -> Faces:
    pictures = np.empty_like(faces.pictures)
    pictures[:] = colour
    return Faces(pictures, faces.landmarks)


def test_lightness_is_the_luminance_of_the_skin(faces: Faces) -> None:
    assert skin_lightness(painted(faces, (100, 100, 100))) == pytest.approx(100)
    assert skin_lightness(painted(faces, (0, 255, 0))) == pytest.approx(0.7152 * 255)


def test_eyes_hair_and_background_do_not_count(faces: Faces) -> None:
    pictures = faces.pictures.copy()
    pictures[:, :20], pictures[:, -20:] = 0, 255
    changed = skin_lightness(Faces(pictures, faces.landmarks))
    assert changed == pytest.approx(skin_lightness(faces))


def test_the_rare_are_drawn_as_often_as_the_common() -> None:
    shares = even_shares(np.asarray([130.0] * 60 + [40.0] * 30))
    assert shares.sum() == pytest.approx(1)
    assert shares[:60].sum() == pytest.approx(shares[60:].sum())


def test_a_handful_is_not_drawn_all_the_time() -> None:
    shares = even_shares(np.asarray([130.0] * 999 + [20.0]))
    assert shares[-1] / shares[0] < 1000 / MOST_OFTEN**2
    assert shares[-1] > 0.9 * MOST_OFTEN / 1000
