"""`python -m inference export`."""

import argparse
import sys
from pathlib import Path

import torch

from inference.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from inference.export import export

SHIPPED = Path("inference/weights/classic.onnx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """CHECKPOINT, where to write, and whether to keep a trainable copy."""
    parser.add_argument("checkpoint", type=Path, help="a checkpoint of ours or of the original authors")
    parser.add_argument("-o", "--output", type=Path, default=SHIPPED, help="(%(default)s)")
    parser.add_argument("--style", default="classic", help="name in the manifest (%(default)s)")
    parser.add_argument("--trainable", type=Path, help="also write float16 weights here, for `train --init-from`")


def run(arguments: argparse.Namespace) -> int:
    """Export and say what was written."""
    try:
        checkpoint = load_checkpoint(arguments.checkpoint)
        exported = export(checkpoint, arguments.output, arguments.style)
    except CheckpointError as error:
        sys.stderr.write(f"export: {error}\n")
        return 1
    if arguments.trainable:
        arguments.trainable.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(arguments.trainable, checkpoint.generator, checkpoint.info, torch.float16)
    size_mb = exported.path.stat().st_size / 1e6
    sys.stdout.write(f"{exported.model_id}: {exported.path} ({size_mb:.1f} MB, sha256 {exported.sha256})\n")
    return 0
