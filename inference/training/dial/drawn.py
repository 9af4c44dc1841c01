"""Emoji drawn by others, without a target: what the network must turn into people although nobody knows whom.

The art must not be twemoji's, with which the evaluation measures. Any folder of pictures with transparency serves.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional

from inference.preparation import DIAL_INPUT_PX
from inference.preprocess import MATTE
from inference.training.augment import jitter, sampling_grid, uniform
from inference.training.faces import FacesError

SIDE_PX = 72
FORMATS = {".png": "PNG", ".webp": "WEBP"}
GROUNDS = (MATTE, MATTE, MATTE, (255, 255, 255), (49, 51, 56), (0, 0, 0))
FACE_SHARE = 0.6
"""Of the emoji drawn, those of the folder's first part (faces and people); the rest are anything."""
SIDES, SHIFT, ROTATION = (0.9, 1.25), 0.06, 0.25
RECOLOURED_SHARE = 0.4
VISIBLE_ALPHA = 16


class Drawn:
    """Emoji in memory, from `faces/` and `things/` inside a folder."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._faces = _load(folder / "faces", cache)
        self._things = _load(folder / "things", cache)

    def draw(self, count: int, random: Generator, face_share: float = FACE_SHARE) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1]: on a ground, moved, turned, often in other colours."""
        faces = torch.rand(count, generator=random) < face_share
        chosen = torch.rand(count, generator=random)
        pictures = torch.stack(
            [_pick(self._faces if face else self._things, place) for face, place in zip(faces, chosen, strict=True)]
        )  # (N, 4, 72, 72) uint8, premultiplied
        moved = functional.grid_sample(pictures.float() / 255, _grid(count, random), align_corners=False)
        ground = (
            torch.tensor(GROUNDS)[torch.randint(len(GROUNDS), (count,), generator=random)].view(count, 3, 1, 1) / 255
        )
        shown = (moved[:, :3] + ground * (1 - moved[:, 3:])) * 2 - 1
        return jitter(shown, _recolouring(count, random))


def _pick(pictures: npt.NDArray[np.uint8], place: Tensor) -> Tensor:
    return torch.from_numpy(np.array(pictures[int(place * len(pictures))]))


def _grid(count: int, random: Generator) -> Tensor:
    side, angle = uniform(count, random, *SIDES), uniform(count, random, -ROTATION, ROTATION)
    mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
    cosine, sine = side * angle.cos(), side * angle.sin()
    shift = uniform(count * 2, random, -SHIFT, SHIFT).view(count, 2, 1) * 2
    matrix = torch.stack([cosine * mirror, -sine, sine * mirror, cosine], 1).view(-1, 2, 2)
    return sampling_grid(torch.cat([matrix, shift], 2), DIAL_INPUT_PX)


def _recolouring(count: int, random: Generator) -> Tensor:
    """(N, 4) factors for `jitter`: brightness and contrast always a little, hue for some by any angle."""
    factors = torch.stack(
        [
            uniform(count, random, 0.75, 1.2),
            uniform(count, random, 0.75, 1.25),
            uniform(count, random, 0.3, 1.3),
            uniform(count, random, -0.5, 0.5),
        ],
        1,
    )
    chosen = torch.rand(count, generator=random) < RECOLOURED_SHARE
    factors[~chosen, 2], factors[~chosen, 3] = 1.0, 0.0
    return factors


def _load(folder: Path, cache: Path) -> npt.NDArray[np.uint8]:
    """(M, 4, 72, 72) uint8, premultiplied RGBA without a transparent border; kept in `cache`."""
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in FORMATS)
    if not paths:
        raise FacesError(f"{folder}: holds no PNG or WebP pictures")
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    cached = cache / f"drawn-{digest.hexdigest()[:16]}.npy"
    if not cached.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = cached.with_suffix(".part.npy")
        np.save(unfinished, np.stack([_read(path) for path in paths]))
        unfinished.replace(cached)
    pictures: npt.NDArray[np.uint8] = np.load(cached, mmap_mode="r")
    return pictures


def _read(path: Path) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(path, formats=[FORMATS[path.suffix.lower()]]) as file:
            picture = file.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FacesError(f"{path}: not a readable picture ({error})") from error
    seen = picture.getchannel("A").point([0] * VISIBLE_ALPHA + [255] * (256 - VISIBLE_ALPHA)).getbbox()
    picture = picture.crop(seen)
    side_px = max(picture.size)
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(picture, ((side_px - picture.width) // 2, (side_px - picture.height) // 2))
    square = square.convert("RGBa").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)  # premultiplied
    return np.asarray(square).transpose(2, 0, 1)
