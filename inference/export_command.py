"""`python -m inference export`."""

import argparse
import sys
from pathlib import Path

import torch

from inference.checkpoint import Checkpoint, CheckpointError, DialCheckpoint, load_checkpoint, save_checkpoint
from inference.export import Exported, export
from inference.model_card import update_card
from inference.training.critic_file import save_critic

SHIPPED = Path("inference/weights")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """CHECKPOINT, where to write, and whether to keep a trainable copy."""
    parser.add_argument("checkpoint", type=Path, help="a checkpoint of ours or of the original authors")
    parser.add_argument("-o", "--output", type=Path, help=f"(classic.onnx or dial.onnx in {SHIPPED})")
    parser.add_argument("--card", type=Path, help="model card whose identity table to update")
    parser.add_argument("--critic", type=Path, help="also write the run's critic here, for `train --critic-from`")
    parser.add_argument("--trainable", type=Path, help="also write float16 weights here, for `train --init-from`")


def run(arguments: argparse.Namespace) -> int:
    """Export and say what was written."""
    try:
        checkpoint = load_checkpoint(arguments.checkpoint)
        name = "dial.onnx" if isinstance(checkpoint, DialCheckpoint) else "classic.onnx"
        exported = export(checkpoint, arguments.output or SHIPPED / name)
        if arguments.critic:
            save_critic(arguments.critic, arguments.checkpoint)
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
