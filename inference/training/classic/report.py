"""What a run shows of itself: gain over bicubic on held-out faces, and a contact sheet."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from inference.feeds import Floats
from inference.networks.classic import ClassicGenerator, Stage
from inference.preprocess import Pixels, from_tensor, to_tensor
from inference.training.classic.trainer import ClassicTrainer
from inference.training.faces import Faces, held_out
from inference.training.framing import FramedFaces, framed_faces
from inference.training.metrics import psnr
from inference.training.sheet import EMOJI, contact_sheet, emoji_inputs, spread

BATCH = 32
SHOWN_REALISM = (0.0, 0.5)


class ClassicReport:
    """Shows how the averaged weights of a trainer do on faces it does not train on."""

    def __init__(self, trainer: ClassicTrainer, faces: Faces) -> None:
        self._trainer = trainer
        self._held = held_out_faces(faces)

    def __call__(self, sheet: Path) -> dict[str, float]:
        """Save a contact sheet; returns PSNR in dB, and what of it bicubic does not reach."""
        network, stage = self._trainer.average, self._trainer.phase.stage
        save_sheet(sheet, network, self._held, stage)
        reached, gain = gain_over_bicubic(network, self._held, stage)
        return {"development_psnr_db": reached, "development_gain_db": gain}


def held_out_faces(faces: Faces) -> FramedFaces:
    """The development faces."""
    return framed_faces(faces, held_out(len(faces))[1].tolist())


@torch.inference_mode()
def generate(network: ClassicGenerator, inputs: Floats, stage: Stage) -> Pixels:
    """(N, 3, 16, 16) in [-1, 1] -> (N, P, P, 3) uint8 with the network as it is, in float32."""
    device = next(network.parameters()).device
    batches = torch.split(torch.from_numpy(inputs).to(device), BATCH)
    return np.concatenate([from_tensor(network(batch, stage).float().cpu().numpy()) for batch in batches])


def gain_over_bicubic(network: ClassicGenerator, held: FramedFaces, stage: Stage) -> tuple[float, float]:
    """Mean PSNR in dB on held-out faces at the stage's size, and how much of it bicubic does not reach."""
    outputs = generate(network, to_tensor(held.inputs), stage)
    reached, bicubic = [], []
    for output, source, target in zip(outputs, held.inputs, held.targets, strict=True):
        wanted = _resized(target, stage.output_px, Image.Resampling.BOX)
        reached.append(psnr(output, wanted))
        bicubic.append(psnr(_resized(source, stage.output_px, Image.Resampling.BICUBIC), wanted))
    return float(np.mean(reached)), float(np.mean(reached) - np.mean(bicubic))


def save_sheet(path: Path, network: ClassicGenerator, held: FramedFaces, stage: Stage) -> None:
    """A PNG: inputs, outputs and targets of held-out faces, then inputs and outputs of emoji, less and more blurred."""
    chosen = spread(len(held.inputs), len(EMOJI))
    rows = [held.inputs[chosen], generate(network, to_tensor(held.inputs[chosen]), stage), held.targets[chosen]]
    for realism in SHOWN_REALISM:
        inputs = emoji_inputs(realism)
        rows += [from_tensor(inputs), generate(network, inputs, stage)]
    contact_sheet(rows).save(path)


def _resized(pixels: Pixels, side_px: int, filtered: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((side_px, side_px), filtered))
