"""How faces drawn from emotes are judged, apart from the detector: are they the emote, varied, sharp, and steady?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from inference.preprocess import TOP_PX, Pixels

LIKENESS_PX, VARIETY_PX, MEMORY_PX = 16, 64, 32
LOW_PASS_PX = 16
OCTAVES = ((16, 32), (32, 60))
"""Cycles per picture. Above 60 lies what resampling filters leave."""
RETRIEVED = 5
MEMORY_PERCENTILE = 95

Numbers = npt.NDArray[np.float64]


def grey(pictures: Pixels, side_px: int, filtered: Image.Resampling = Image.Resampling.BOX) -> Numbers:
    """(N, P, P, 3) uint8 -> (N, side, side), luminance, by default averaged over the pixels that fall together."""
    size = (side_px, side_px)
    resized = [Image.fromarray(each).convert("F").resize(size, filtered) for each in _grey_8(pictures)]
    return np.stack([np.asarray(each, np.float64) for each in resized])


def likeness(outputs: Pixels, emotes: Pixels) -> Numbers:
    """(N, M): correlation of 16 × 16 grey of every output with every emote."""
    found: Numbers = _units(grey(outputs, LIKENESS_PX)) @ _units(grey(emotes, LIKENESS_PX)).T
    return found


def ranks(outputs: Pixels, emotes: Pixels) -> npt.NDArray[np.int64]:
    """For every output, how many other emotes of the set are at least as like it as its own.

    Ties count against it: a picture that says nothing is like all of them.
    """
    alike = likeness(outputs, emotes)
    others: npt.NDArray[np.int64] = (alike >= np.diag(alike)[:, np.newaxis]).sum(1) - 1
    return others


def variety(outputs: Pixels) -> float:
    """Mean correlation of two outputs' details (what 16 pixels cannot hold). High: the same face every time."""
    if len(outputs) < 2:
        return float("nan")
    fine, low = grey(outputs, VARIETY_PX), grey(outputs, LOW_PASS_PX)
    details = _units(fine - np.stack([_enlarged(each, VARIETY_PX) for each in low]))
    correlations = details @ details.T
    return float(correlations[~np.eye(len(outputs), dtype=bool)].mean())


def detail_power(pictures: Pixels) -> Numbers:
    """(2,): mean power of the luminance at 128 px in the two octaves from 16 to 60 cycles per picture.

    Larger pictures are reduced as the val faces are; averaging would weaken the upper octave.
    """
    window = np.hanning(TOP_PX)
    centred = grey(pictures, TOP_PX, Image.Resampling.LANCZOS)
    centred -= centred.mean((1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(centred * np.outer(window, window))) ** 2
    cycles = np.fft.fftfreq(TOP_PX, 1 / TOP_PX)
    radius = np.hypot(cycles[:, np.newaxis], cycles)
    mean = power.mean(0)
    return np.array([mean[(radius >= low) & (radius < high)].mean() for low, high in OCTAVES])


def worst_detail_db(outputs: Pixels, reference: Numbers) -> float:
    """How far the worst octave is from the reference's: below zero blurred, above zero gridded or noisy."""
    tiny = np.finfo(np.float64).tiny  # a flat picture has no power at all
    ratios = 10 * np.log10(np.maximum(detail_power(outputs), tiny) / reference)
    return float(ratios[np.abs(ratios).argmax()])


@dataclass(frozen=True, slots=True)
class Memory:
    """The training faces, to find copies of them. units: (M, 1024)."""

    units: Numbers

    @classmethod
    def of(cls, faces: Pixels) -> "Memory":
        """faces: (M, 128, 128, 3) uint8."""
        return cls(_units(grey(faces, MEMORY_PX)))

    def nearest(self, outputs: Pixels) -> float:
        """Correlation with the nearest training face, 95th percentile over the outputs; a copy has 1."""
        highest = (_units(grey(outputs, MEMORY_PX)) @ self.units.T).max(1)
        return float(np.percentile(highest, MEMORY_PERCENTILE))


def seed_distance(one: Pixels, other: Pixels) -> float:
    """How far two seeds' faces of the same emotes are apart, in units of how far two emotes' faces are.

    Not a number where all emotes have the same face.
    """
    between_seeds = np.abs(one.astype(np.float64) - other).mean()
    between_emotes = np.abs(one.astype(np.float64) - np.roll(one, 1, 0)).mean()
    return float(between_seeds / between_emotes) if between_emotes else float("nan")


def flicker(film: Pixels) -> float:
    """Mean change of the change from one frame of a loop to the next, 0–255, of luminance at 128 px.

    (F, P, P, 3). A picture that brightens or moves evenly has little of it; one that boils has much.
    """
    levels = grey(film, TOP_PX)
    return float(np.abs(np.roll(levels, 1, 0) - 2 * levels + np.roll(levels, -1, 0)).mean())


def centre_luminance(pictures: Pixels) -> Numbers:
    """(N,): median luminance of the middle quarter of the area, most of which is skin in a face.

    The mean will not do: emoji's hair changes with their tone, and not in the same order.
    """
    quarter_px = pictures.shape[1] // 4
    middle = _grey_8(pictures)[:, quarter_px:-quarter_px, quarter_px:-quarter_px]
    medians: Numbers = np.median(middle, (1, 2))
    return medians


def _grey_8(pictures: Pixels) -> Pixels:
    return np.stack([np.asarray(Image.fromarray(each).convert("L")) for each in pictures])


def _enlarged(picture: Numbers, side_px: int) -> Numbers:
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((side_px, side_px), Image.Resampling.BICUBIC), np.float64)


def _units(pictures: Numbers) -> Numbers:
    """(N, H, W) -> (N, H × W) without their means, of length 1; flat ones stay zero."""
    rows = pictures.reshape(len(pictures), -1)
    rows = rows - rows.mean(1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Numbers = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-6)
    return units
