"""A small exported network with lively random weights, for tests of what runs exported networks."""

from pathlib import Path

import torch

from inference.checkpoint import Checkpoint, CheckpointInfo
from inference.export import Exported, export
from inference.networks.classic import FULLY_GROWN, ClassicGenerator

WIDTH = 16


def export_small_network(folder: Path) -> Exported:
    """Width 16, normalisations that have seen inputs, and outputs that use most of [-1, 1]."""
    torch.manual_seed(7)
    generator = ClassicGenerator(WIDTH)
    inputs = torch.rand(8, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        for _ in range(20):
            generator(inputs)
        generator.eval()
        generator.to_rgb[-1].get_parameter("weight").mul_(0.4 / generator(inputs).std())
    return export(Checkpoint(generator, CheckpointInfo(WIDTH, FULLY_GROWN, 0, {})), folder / "classic.onnx")
