"""The framing in which reconstruction is measured and shown: one fixed crop a face, no randomness."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.preprocess import TOP_PX, Pixels
from inference.training.faces import CHIN, FOREHEAD, SIDE_PX, Faces

HALF_SIDE_PX = 0.74 * SIDE_PX / 2


def framed(faces: Faces, index: int) -> Image.Image:
    """Face number `index`, cropped around its landmarks and reduced to 128x128 RGB with Lanczos."""
    return frame(faces.pictures[index], faces.landmarks[index])


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
