"""The framing in which reconstruction is measured and shown: one fixed crop a face, no randomness."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.preprocess import TOP_PX, Pixels, cascade
from inference.training.faces import CHIN, FOREHEAD, SIDE_PX, Faces

HALF_SIDE_PX = 0.74 * SIDE_PX / 2


@dataclass(frozen=True, slots=True)
class FramedFaces:
    """Faces to measure with, and what the network gets of them.

    targets: (M, 128, 128, 3) uint8; inputs: (M, 16, 16, 3) uint8.
    """

    targets: Pixels
    inputs: Pixels


def framed_faces(faces: Faces, indices: Iterable[int]) -> FramedFaces:
    """The faces of these numbers, framed and reduced."""
    pictures = [frame(faces.pictures[index], faces.landmarks[index]) for index in indices]
    return FramedFaces(np.stack([np.asarray(p) for p in pictures]), np.stack([cascade(p) for p in pictures]))


def frame(pixels: Pixels, landmarks: npt.NDArray[np.float32]) -> Image.Image:
    """pixels: (256, 256, 3) uint8; landmarks: (25, 2), 0..1 of the side -> a 128x128 RGB picture.

    The centre is the mean x of all landmarks, halfway between chin and forehead; what lies outside the
    picture is black.
    """
    points = landmarks * SIDE_PX
    x, y = float(points[:, 0].mean()), float(points[CHIN, 1] + points[FOREHEAD, 1]) / 2
    box = tuple(round(edge) for edge in (x - HALF_SIDE_PX, y - HALF_SIDE_PX, x + HALF_SIDE_PX, y + HALF_SIDE_PX))
    cropped = Image.fromarray(pixels).crop((box[0], box[1], box[2], box[3]))
    return cropped.resize((TOP_PX, TOP_PX), Image.Resampling.LANCZOS)
