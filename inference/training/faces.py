"""A folder of aligned faces with landmarks, decoded once into a memory-mapped array.

The folder holds `<split>.json`, a list of records `{file, landmarks, ...}` in file order, and the
pictures as `<split>/<file>`: RGB, 256x256. `landmarks` are 25 points (x, y) in pixels, y down:
0, 1 irises, 2 nose tip, 3, 4 mouth corners, 5, 6 inner lips, 7 chin, 8 forehead, 9, 10 and 11, 12 eye
corners, 13-16 brows, 17-20 eyelids, 21, 22 inner mouth corners, 23, 24 cheek edges.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE_PX = 256
LANDMARKS = 25
CHIN, FOREHEAD = 7, 8
CHEEKS = (23, 24)
IRISES, MOUTH_CORNERS = (0, 1), (3, 4)
LEFT_EYE, RIGHT_EYE = (9, 10, 17, 18), (11, 12, 19, 20)
MOUTH = (3, 4, 5, 6)
EYES_AND_MOUTH = (0, 1, 3, 4, 5, 6, 9, 10, 11, 12, 17, 18, 19, 20, 21, 22)
MIRRORED = (1, 0, 2, 4, 3, 5, 6, 7, 8, 12, 11, 10, 9, 15, 16, 13, 14, 19, 20, 17, 18, 22, 21, 24, 23)
"""Which landmark takes the place of each when a picture is flipped left to right."""

DEVELOPMENT_EVERY = 33
"""Every 33rd training face (3 %) is held out for decisions during training."""


class FacesError(Exception):
    """The folder is not a face folder, or something in it cannot be used."""


@dataclass(frozen=True, slots=True)
class Faces:
    """pictures: (M, 256, 256, 3) uint8, memory-mapped; landmarks: (M, 25, 2) float32, 0..1 of the side."""

    pictures: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pictures)


def load_faces(folder: Path, split: str, cache: Path) -> Faces:
    """Read one split; the first call decodes it into `cache`, later ones map that file."""
    records = _records(folder, split)
    landmarks = np.asarray([record["landmarks"] for record in records], np.float32) / np.float32(SIDE_PX)
    if landmarks.shape[1:] != (LANDMARKS, 2):
        raise FacesError(f"{folder / split}.json: every face needs {LANDMARKS} landmarks (x, y)")
    cached = cache / f"{split}-{_digest(folder, split, records)}.npy"
    if not cached.exists():
        _decode(folder / split, records, cached)
    return Faces(np.load(cached, mmap_mode="r"), landmarks)


def held_out(count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices of the faces to train on, and of those held out for development."""
    indices = np.arange(count)
    development = indices % DEVELOPMENT_EVERY == DEVELOPMENT_EVERY // 2
    return indices[~development], indices[development]


def _records(folder: Path, split: str) -> list[dict[str, Any]]:
    path = folder / f"{split}.json"
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FacesError(f"{path}: not a readable list of faces ({error})") from error
    if not isinstance(records, list) or not records:
        raise FacesError(f"{path}: holds no faces")
    if not all(isinstance(record, dict) and {"file", "landmarks"} <= record.keys() for record in records):
        raise FacesError(f"{path}: every record needs `file` and `landmarks`")
    return records


def _digest(folder: Path, split: str, records: list[dict[str, Any]]) -> str:
    """A name for the pictures as they are on disk, so that a changed folder is decoded anew."""
    digest = hashlib.sha256()
    for record in records:
        path = folder / split / str(record["file"])
        try:
            status = path.stat()
        except OSError as error:
            raise FacesError(f"{path}: named in {split}.json but not there") from error
        digest.update(f"{record['file']} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _decode(pictures: Path, records: list[dict[str, Any]], cached: Path) -> None:
    cached.parent.mkdir(parents=True, exist_ok=True)
    unfinished = cached.with_suffix(".part")
    shape = (len(records), SIDE_PX, SIDE_PX, 3)
    array = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
    for index, record in enumerate(records):
        path = pictures / str(record["file"])
        try:
            with Image.open(path, formats=["WEBP", "PNG", "JPEG"]) as picture:
                pixels = np.asarray(picture.convert("RGB"))
        except OSError as error:
            raise FacesError(f"{path}: not a readable picture ({error})") from error
        if pixels.shape != shape[1:]:
            raise FacesError(f"{path}: {SIDE_PX}x{SIDE_PX} pixels expected, found {pixels.shape[:2]}")
        array[index] = pixels
    array.flush()
    unfinished.replace(cached)
