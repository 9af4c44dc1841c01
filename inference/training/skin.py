"""How light the skin in a picture of a face is, and a choice of faces in which every lightness counts."""

import numpy as np
import numpy.typing as npt

from inference.training.faces import CHEEKS, FOREHEAD, SIDE_PX, Faces

NOSE_TIP = 2
BETWEEN = (0.35, 0.5, 0.65)
"""On the way from the tip of the nose to the edges of the cheeks there is skin, whatever the light or the beard."""
PATCH_PX = 3
LIGHTNESS_STEP = 20
MOST_OFTEN = 4.0
"""No face is drawn more often than this many times its share: a handful of pictures must not be learnt by heart."""
LUMINANCE = np.asarray((0.2126, 0.7152, 0.0722))
"""Rec. 709."""


def skin_lightness(faces: Faces) -> npt.NDArray[np.float64]:
    """(M,): luminance of the skin, 0 to 255, median over places on the cheeks and the brow."""
    return np.asarray([_lightness(*each) for each in zip(faces.pictures, faces.landmarks, strict=True)])


def even_shares(lightness: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(M,), sum 1: how often to draw each face so that dark and light skin are seen as often as that between."""
    steps = (lightness // LIGHTNESS_STEP).astype(np.int64)
    rarity = 1 / np.bincount(steps)[steps]
    shares = np.minimum(rarity / rarity.mean(), MOST_OFTEN)
    return np.asarray(shares / shares.sum())


def _lightness(picture: npt.NDArray[np.uint8], landmarks: npt.NDArray[np.float32]) -> float:
    nose, brow = landmarks[NOSE_TIP], landmarks[[FOREHEAD, NOSE_TIP]].mean(0)
    places = [nose + share * (landmarks[cheek] - nose) for cheek in CHEEKS for share in BETWEEN] + [brow]
    corners = np.clip(np.rint(np.asarray(places) * SIDE_PX).astype(int), PATCH_PX, SIDE_PX - PATCH_PX - 1)
    patches = [picture[y - PATCH_PX : y + PATCH_PX + 1, x - PATCH_PX : x + PATCH_PX + 1] for x, y in corners]
    return float(np.median([patch.mean((0, 1)) for patch in patches], axis=0) @ LUMINANCE)
