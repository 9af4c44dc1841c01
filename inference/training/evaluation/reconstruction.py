"""Reconstruction on the val faces: how near the shipped networks come to the face behind 16 pixels. No torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from inference.preprocess import TOP_PX, Pixels, from_tensor, to_tensor
from inference.runtimes.openvino import OpenVinoGenerator
from inference.training.faces import load_faces
from inference.training.framing import FramedFaces, framed_faces
from inference.training.metrics import ms_ssim, psnr, ssim
from inference.training.sheet import EMOJI, contact_sheet, emoji_inputs, spread

EXPECTED_BICUBIC_DB = 21.72
EXPECTED_FACES = 120
TOLERANCE_DB = 0.02

Upscaler = Callable[[Pixels], Pixels]
"""(N, 16, 16, 3) uint8 -> (N, 128, 128, 3) uint8."""


@dataclass(frozen=True, slots=True)
class Row:
    """Means over all faces. `name` is for programs, `method` for people."""

    name: str
    method: str
    psnr_db: float
    ssim: float
    ms_ssim: float


def val_faces(folder: Path, cache: Path) -> FramedFaces:
    """Load and frame the val faces of a folder."""
    faces = load_faces(folder, "val", cache)
    return framed_faces(faces, range(len(faces)))


def bicubic(inputs: Pixels) -> Pixels:
    """What enlarging alone reaches: PIL's bicubic of the 8-bit input."""
    size = (TOP_PX, TOP_PX)
    return np.stack([np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BICUBIC)) for i in inputs])


def drawn_by(generator: OpenVinoGenerator) -> Upscaler:
    """A network as an upscaler."""
    return lambda inputs: from_tensor(generator({"image": to_tensor(inputs)}))


def measured(name: str, method: str, upscale: Upscaler, faces: FramedFaces) -> Row:
    """All scores of one method, each the mean over all faces."""
    pairs = list(zip(upscale(faces.inputs), faces.targets, strict=True))
    return Row(
        name,
        method,
        psnr_db=float(np.mean([psnr(output, target) for output, target in pairs])),
        ssim=float(np.mean([ssim(output, target) for output, target in pairs])),
        ms_ssim=float(np.mean([ms_ssim(output, target) for output, target in pairs])),
    )


def doubt(row: Row, count: int) -> str | None:
    """Why the bicubic row is not what the published val faces give, if it is not."""
    if count == EXPECTED_FACES and abs(row.psnr_db - EXPECTED_BICUBIC_DB) <= TOLERANCE_DB:
        return None
    return (
        f"bicubic gives {row.psnr_db:.2f} dB on {count} faces; the project's {EXPECTED_FACES} val faces give "
        f"{EXPECTED_BICUBIC_DB} dB, so these numbers do not compare with published ones"
    )


def save_sheets(folder: Path, faces: FramedFaces, upscale: Upscaler) -> None:
    """`reconstruction.png`: input, bicubic, output, target; `emoji.png`: input and output, at realism 0 and 0.5."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = spread(len(faces.inputs), len(EMOJI))
    inputs, targets = faces.inputs[chosen], faces.targets[chosen]
    contact_sheet([inputs, bicubic(inputs), upscale(inputs), targets]).save(folder / "reconstruction.png")
    rows = []
    for realism in (0.0, 0.5):
        seen = from_tensor(emoji_inputs(realism))
        rows += [seen, upscale(seen)]
    contact_sheet(rows).save(folder / "emoji.png")
