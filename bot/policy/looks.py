"""What a picture looks like, in so few numbers that a copy of it can be told: re-encoded, resized, flipped, cropped.

The lowest frequencies (a cosine transform, as in the usual perceptual hashes) of brightness and colours. They are kept
as numbers, not as bits: in a symmetric picture, and every emoji is one, half of them are about zero, and their signs
are the compressor's noise. `make looks` prints how often copies are found and strangers taken for copies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling, Transpose

from inference.protocol import Picture

Looks: TypeAlias = npt.NDArray[np.float32]
"""(views, numbers): one row for each way to see a picture."""

ALIKE = 0.35
"""Up to this distance two pictures count as one; chosen by the table of `make looks`."""
LEAST_STRUCTURE = 5.0  # grey levels; who has less (one colour, a soft gradient) looks like many others

_SIDE_PX = 32
_FREQUENCIES, _COLOUR_FREQUENCIES = 8, 4
_NUMBERS = _FREQUENCIES**2 - 1 + 2 * _COLOUR_FREQUENCIES**2
_COLOUR_MEANS = [_FREQUENCIES**2 - 1, _FREQUENCIES**2 - 1 + _COLOUR_FREQUENCIES**2]
_CROPS = (
    (0.0, 0.5, 0.5),
    *((share, 0.5, 0.5) for share in (0.03, 0.06, 0.1)),
    *((0.08, across, down) for across in (0.0, 1.0) for down in (0.0, 1.0)),
)
"""Of each side's length, and how much of that from the left and from the top."""
_GREY = (128, 128, 128, 255)
_VISIBLE = [0] * 16 + [255] * 240  # by alpha


def digest(picture: Picture) -> str:
    """Names exactly these pixels."""
    hashed = hashlib.sha256(b"%d %d " % (picture.width_px, picture.height_px))
    for frame in picture.frames:
        hashed.update(frame.rgba)
    return hashed.hexdigest()


def looks_of(picture: Picture) -> Looks:
    """Of the first and the middle frame, each as it is and flipped; nothing where there is too little to see."""
    views = [view for image in _moments(picture) for view in (image, image.transpose(Transpose.FLIP_LEFT_RIGHT))]
    return _telling(np.stack([_look(view) for view in views]))


def blocked_looks_of(picture: Picture) -> Looks:
    """Of the first and the middle frame, each whole and a little cropped, so that a cropped copy is found, too."""
    views = [_cropped(image, *crop) for image in _moments(picture) for crop in _CROPS]
    return _telling(np.stack([_look(view) for view in views]))


def distance(looks: Looks, blocked: Looks) -> float:
    """Between the most similar views, 0 for the same; infinite when one of them says nothing."""
    if not len(looks) or not len(blocked):
        return float("inf")
    apart = np.linalg.norm(looks[:, None] - blocked[None], axis=-1)
    scale = np.maximum(_structure(looks)[:, None], _structure(blocked)[None])
    return float((apart / scale).min())


def to_bytes(looks: Looks) -> bytes:
    """For the store."""
    return looks.astype("<f2").tobytes()


def from_bytes(stored: bytes) -> Looks:
    """The inverse; raise ValueError for what another version stored."""
    return np.frombuffer(stored, "<f2").astype(np.float32).reshape(-1, _NUMBERS)


def _moments(picture: Picture) -> Iterator[Image.Image]:
    """The visible part of the first and the middle frame, on grey."""
    for at in sorted({0, len(picture.frames) // 2}):
        image = Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[at].rgba)
        seen = image.crop(image.getchannel("A").point(_VISIBLE).getbbox())
        ground = Image.new("RGBA", seen.size, _GREY)
        ground.alpha_composite(seen)
        yield ground.convert("YCbCr")


def _cropped(image: Image.Image, share: float, across: float, down: float) -> Image.Image:
    gone_px, low_px = image.width * share, image.height * share
    left, top = round(gone_px * across), round(low_px * down)
    return image.crop((left, top, left + image.width - round(gone_px), top + image.height - round(low_px)))


def _look(image: Image.Image) -> Looks:
    """Cosine coefficients in grey levels: of the brightness all but the mean, of the colours with it."""
    small = image.resize(
        (_SIDE_PX, _SIDE_PX), Resampling.BOX if min(image.size) >= 2 * _SIDE_PX else Resampling.BILINEAR
    )
    planes = np.asarray(small, np.float32) - 128
    brightness, blue, red = (_BASIS @ planes[..., plane] @ _BASIS.T / _SIDE_PX for plane in range(3))
    few = slice(_COLOUR_FREQUENCIES)
    numbers: Looks = np.concatenate([brightness.ravel()[1:], blue[few, few].ravel(), red[few, few].ravel()])
    return numbers


def _structure(looks: Looks) -> Looks:
    """(views,): how much there is to see beside the mean colour, in grey levels."""
    changing = np.delete(looks, _COLOUR_MEANS, axis=1)
    return np.asarray(np.linalg.norm(changing, axis=1), np.float32)


def _telling(looks: Looks) -> Looks:
    telling: Looks = looks[_structure(looks) >= LEAST_STRUCTURE]
    return telling


def _cosines() -> Looks:
    """(frequencies, side): an orthonormal basis."""
    at = np.arange(_SIDE_PX, dtype=np.float32)
    frequency = np.arange(_FREQUENCIES, dtype=np.float32)[:, None]
    waves: Looks = np.cos(np.pi * (2 * at + 1) * frequency / (2 * _SIDE_PX)) * np.sqrt(2 / _SIDE_PX)
    waves[0] /= np.sqrt(2)
    return waves


_BASIS = _cosines()
