"""How a picture becomes a network input, defined once for training and for serving. No torch here."""

import numpy as np
import numpy.typing as npt
from PIL import Image

PREPROCESS_VERSION = 1
"""Part of every result key and of every exported model: change it whenever inputs change."""

TOP_PX = 128
INPUT_PX = 16

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def cascade(picture: Image.Image) -> Pixels:
    """A square RGB picture of any size -> (16, 16, 3) uint8, halved from 128 px as in the published work.

    Pictures of another size are first brought to 128 px with Lanczos.
    """
    if picture.mode != "RGB" or picture.width != picture.height:
        raise ValueError(f"the cascade takes square RGB pictures, not {picture.mode} {picture.size}")
    if picture.width != TOP_PX:
        picture = picture.resize((TOP_PX, TOP_PX), Image.Resampling.LANCZOS)
    side_px = TOP_PX
    while side_px > INPUT_PX:
        side_px //= 2
        picture = picture.resize((side_px, side_px), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def to_tensor(pictures: Pixels) -> Floats:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [-1, 1]."""
    scaled = pictures.astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def from_tensor(images: Floats) -> Pixels:
    """(N, 3, H, W) float, clipped to [-1, 1] -> (N, H, W, 3) uint8, rounded to nearest."""
    scaled = (np.clip(images, -1, 1) + 1) * 127.5
    return np.ascontiguousarray(np.rint(scaled).astype(np.uint8).transpose(0, 2, 3, 1))
