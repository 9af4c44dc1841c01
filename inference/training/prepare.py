"""From raw photos to a folder of aligned faces, as `inference.training.faces` reads it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from inference.preprocess import Pixels
from inference.training.faces import SIDE_PX
from inference.training.landmarks import Points

FORMATS = ("JPEG", "PNG", "WEBP")
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
ALIGNED = (0, 1, 2, 3, 4)
"""The landmarks that are brought to fixed places: irises, nose tip, mouth corners."""
PLACES = np.array([(0.355, 0.42), (0.645, 0.42), (0.5, 0.56), (0.39, 0.70), (0.61, 0.70)]) * SIDE_PX
LEAST_SOURCE_PX = 128
WORK_PX = 2 * SIDE_PX
VAL_EVERY = 20
QUALITY = 92

FindLandmarks = Callable[[Image.Image], Points | None]


class Skipped(StrEnum):
    """Why a photo gave no face."""

    UNREADABLE = "not a readable picture"
    NO_FACE = "no face found"
    TOO_SMALL = "the face is too small"


@dataclass(frozen=True, slots=True)
class Face:
    """An aligned face: pixels (256, 256, 3) uint8; landmarks (25, 2) in its pixels.

    `source_px` is the side, in pixels of the photo, of what became the 256 px picture.
    """

    pixels: Pixels
    landmarks: Points
    source_px: int


@dataclass(frozen=True, slots=True)
class Similarity:
    """Turn, scale and shift: z -> factor * z + shift on points as complex numbers x + iy."""

    factor: complex
    shift: complex

    @classmethod
    def between(cls, origins: Points, goals: Points) -> "Similarity":
        """The one that brings (K, 2) origins nearest to the goals, in the least-squares sense."""
        z, w = origins @ (1, 1j), goals @ (1, 1j)
        centred = z - z.mean()
        factor = complex(np.vdot(centred, w - w.mean()) / np.vdot(centred, centred))
        return cls(factor, complex(w.mean() - factor * z.mean()))

    def __call__(self, points: Points) -> Points:
        """(K, 2) -> (K, 2)."""
        moved = self.factor * (points @ (1, 1j)) + self.shift
        return np.stack([moved.real, moved.imag], 1)

    def inverse(self) -> "Similarity":
        """The way back."""
        return Similarity(1 / self.factor, -self.shift / self.factor)


def photos_in(folder: Path) -> list[Path]:
    """All photos under a folder, in a fixed order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def aligned_face(path: Path, find_landmarks: FindLandmarks) -> Face | Skipped:
    """The most certain face of a photo, aligned; or why there is none."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            photo = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return Skipped.UNREADABLE
    landmarks = find_landmarks(photo)
    if landmarks is None:
        return Skipped.NO_FACE
    to_face = Similarity.between(landmarks[list(ALIGNED)], PLACES)
    source_px = round(SIDE_PX / abs(to_face.factor))
    if source_px < LEAST_SOURCE_PX:
        return Skipped.TOO_SMALL
    return Face(_cut(photo, to_face), to_face(landmarks), source_px)


def write_folder(
    photos: Iterable[Path], target: Path, find_landmarks: FindLandmarks
) -> Iterator[tuple[Path, Skipped | None]]:
    """Write every photo's face to `target`, every twentieth to val; yields each photo and why it was skipped."""
    records: dict[str, list[dict[str, object]]] = {"train": [], "val": []}
    for split in records:
        (target / split).mkdir(parents=True, exist_ok=True)
    faces = 0
    for photo in photos:
        face = aligned_face(photo, find_landmarks)
        if isinstance(face, Skipped):
            yield photo, face
            continue
        split = "val" if faces % VAL_EVERY == VAL_EVERY - 1 else "train"
        faces += 1
        name = f"{len(records[split]):05d}.webp"
        Image.fromarray(face.pixels).save(target / split / name, quality=QUALITY, method=6)
        landmarks = face.landmarks.round(1).tolist()
        records[split].append({"file": name, "source": photo.name, "source_px": face.source_px, "landmarks": landmarks})
        yield photo, None
    for split, listed in records.items():
        (target / f"{split}.json").write_text(json.dumps(listed), encoding="utf-8")


def _cut(photo: Image.Image, to_face: Similarity) -> Pixels:
    """The aligned square, (256, 256, 3); a mirrored border fills what lies outside the photo.

    Cut at twice the size and then reduced, so that a large photo does not alias.
    """
    shrunk = max(1, int(SIDE_PX / abs(to_face.factor) / WORK_PX))
    small = np.asarray(photo.reduce(shrunk))
    border = max(small.shape[:2]) // 2
    mirrored = Image.fromarray(np.pad(small, ((border, border), (border, border), (0, 0)), "symmetric"))
    back = to_face.inverse()
    factor = back.factor * SIDE_PX / WORK_PX / shrunk
    shift = back.shift / shrunk + border * (1 + 1j)
    affine = (factor.real, -factor.imag, shift.real, factor.imag, factor.real, shift.imag)
    cut = mirrored.transform((WORK_PX, WORK_PX), Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    return np.asarray(cut.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS))
