"""`python -m inference export`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch

from inference.checkpoint import Checkpoint, CheckpointError, DialCheckpoint, load_checkpoint, save_checkpoint
from inference.export import Exported, export
from inference.feeds import Feed, joined
from inference.model_card import update_card
from inference.preparation import PREPARATIONS
from inference.protocol import FaceOptions, Style
from inference.training.critic_file import save_critic
from inference.training.emote_sets import things

SHIPPED = Path("inference/weights")
C = TypeVar("C", bound=Checkpoint | DialCheckpoint)
EVERY_EMOTE, CALIBRATED_REALISMS = 12, (0.0, 0.25, 0.5, 0.75, 1.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Checkpoints, where to write, and whether to keep a trainable copy."""
    parser.add_argument(
        "checkpoints",
        type=Path,
        nargs="+",
        metavar="CHECKPOINT",
        help="a checkpoint of ours or of the original authors; of several of one run, oldest first, the mean",
    )
    parser.add_argument("-o", "--output", type=Path, help=f"(classic.onnx or dial.onnx in {SHIPPED})")
    parser.add_argument("--card", type=Path, help="model card whose identity table to update")
    parser.add_argument("--critic", type=Path, help="also write the run's critic here, for `train --critic-from`")
    parser.add_argument("--trainable", type=Path, help="also write float16 weights here, for `train --init-from`")


def run(arguments: argparse.Namespace) -> int:
    """Export and say what was written."""
    try:
        checkpoint = mean([load_checkpoint(path) for path in arguments.checkpoints])
        name = "dial.onnx" if isinstance(checkpoint, DialCheckpoint) else "classic.onnx"
        exported = export(checkpoint, arguments.output or SHIPPED / name, _calibration(checkpoint))
        if arguments.critic:
            save_critic(arguments.critic, arguments.checkpoints[-1])
    except CheckpointError as error:
        sys.stderr.write(f"export: {error}\n")
        return 1
    if arguments.trainable:
        arguments.trainable.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(arguments.trainable, checkpoint.generator, checkpoint.info, torch.float16)
    if arguments.card:
        update_card(arguments.card, "identity", identity(exported, checkpoint))
    size_mb = exported.path.stat().st_size / 1e6
    sys.stdout.write(f"{exported.model_id}: {exported.path} ({size_mb:.1f} MB, sha256 {exported.sha256})\n")
    return 0


@torch.no_grad()
def mean(checkpoints: Sequence[C]) -> C:
    """The last checkpoint with the mean of all weights; raises CheckpointError for those of different networks.

    Networks that play against a critic circle around what they are after; the mean is nearer to it (Izmailov et al.
    2018, arXiv 1803.05407).
    """
    last = checkpoints[-1]
    states = [checkpoint.generator.state_dict() for checkpoint in checkpoints]
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    if shapes.count(shapes[-1]) != len(shapes):
        raise CheckpointError("only checkpoints of one network have a mean")
    for name, tensor in last.generator.state_dict().items():
        tensor.copy_(torch.stack([state[name].double() for state in states]).mean(0))
    return last


def _calibration(checkpoint: Checkpoint | DialCheckpoint) -> Feed:
    """Emotes that are no faces, at all realisms and with seeds: what 8-bit arithmetic has to have room for."""
    style = Style.REAL if isinstance(checkpoint, DialCheckpoint) else Style.CLASSIC
    preparation = PREPARATIONS[style]()
    return joined(
        [
            preparation.first([emote], [0], FaceOptions(style, realism=realism, seed=seed))
            for emote in things().emotes[::EVERY_EMOTE]
            for seed, realism in enumerate(CALIBRATED_REALISMS)
        ]
    )


def identity(exported: Exported, checkpoint: Checkpoint | DialCheckpoint) -> str:
    """A Markdown table of what the file is."""
    parameters = sum(tensor.numel() for tensor in checkpoint.generator.parameters())
    facts = {
        "model id": exported.model_id,
        "sha256": exported.sha256,
        "size": f"{exported.path.stat().st_size / 1e6:.1f} MB",
        "parameters in training": f"{parameters:,}",
        "pictures seen in training": f"{checkpoint.info.pictures_seen:,}",
    }
    if isinstance(checkpoint, Checkpoint):
        facts["width (channels of the first step)"] = str(checkpoint.info.width)
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in facts.items())
