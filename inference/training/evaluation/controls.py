"""Rows that are no style: each fools one of the evaluation's numbers, and none may pass them all."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image

from inference.preprocess import TOP_PX, Pixels, cascade
from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.emote_metrics import MEMORY_PX, Numbers, grey
from inference.training.evaluation.reconstruction import bicubic

COLOURS_PX = 8
BLENDS = (0.5, 0.6, 0.75)
"""Shares of the mean face."""

Drawer = Callable[[EmoteSet], Pixels]
"""A row of the table: (N, P, P, 3) uint8 pictures of a set's emotes, square, of the row's native size."""


def plain_controls() -> Mapping[str, Drawer]:
    """The emote itself, and what enlarging 16 pixels alone makes of it."""
    return {"emote": EmoteSet.shown, "bicubic-16": _bicubic}


def face_controls(faces: Pixels) -> Mapping[str, Drawer]:
    """Training faces dyed with the emote's colours. faces: (M, 128, 128, 3) uint8."""
    mean = faces.mean(0)
    blends: dict[str, Drawer] = {f"mean-face-{share:g}": partial(_blended, mean, share) for share in BLENDS}
    return blends | {"pasted-detail": partial(_pasted, _most_average(faces, mean))}


def enlarged_from(pictures: Pixels, side_px: int) -> Pixels:
    """(N, 128, 128, 3) averaged to `side_px` and smoothly enlarged again."""
    small, size = (side_px, side_px), (TOP_PX, TOP_PX)
    images = [Image.fromarray(each).resize(small, Image.Resampling.BOX) for each in pictures]
    return np.stack([np.asarray(each.resize(size, Image.Resampling.BICUBIC)) for each in images])


def _bicubic(emotes: EmoteSet) -> Pixels:
    return bicubic(np.stack([cascade(Image.fromarray(each)) for each in emotes.shown()]))


def _blended(mean: Numbers, share: float, emotes: EmoteSet) -> Pixels:
    colours = enlarged_from(emotes.shown(), COLOURS_PX)
    return np.rint(share * mean + (1 - share) * colours).astype(np.uint8)


def _pasted(face: Pixels, emotes: EmoteSet) -> Pixels:
    detail = face.astype(np.int16) - enlarged_from(face[np.newaxis], COLOURS_PX)[0]
    pasted: Pixels = np.clip(enlarged_from(emotes.shown(), COLOURS_PX) + detail, 0, 255).astype(np.uint8)
    return pasted


def _most_average(faces: Pixels, mean: Numbers) -> Pixels:
    """The real face that is most like the mean one: the strongest such control that needs no judge to choose it."""
    average = grey(np.rint(mean)[np.newaxis].astype(np.uint8), MEMORY_PX)
    distances = np.abs(grey(faces, MEMORY_PX) - average).mean((1, 2))
    nearest: Pixels = faces[int(distances.argmin())]
    return nearest
