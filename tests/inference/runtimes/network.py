"""Networks with lively random weights, for tests of what runs exported networks."""

from pathlib import Path

import torch

from inference.checkpoint import Checkpoint, CheckpointInfo, DialCheckpoint, DialInfo
from inference.export import Exported, export
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.networks.dial import DialGenerator
from inference.preparation import DialPreparation, noise

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


def lively_dial() -> DialCheckpoint:
    """The emote-native network with nothing at zero where training starts from zero, and outputs within [-1, 1]."""
    torch.manual_seed(7)
    generator = DialGenerator().eval()
    feed = {name: torch.from_numpy(array) for name, array in DialPreparation().blank(1).items()}
    latent, grain = noise(1, 256)
    feed |= {"latent": torch.from_numpy(latent[None]), "grain": torch.from_numpy(grain[None])}
    with torch.no_grad():
        for parameter in generator.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.1)
        for last in (generator.to_rgb[0].out, generator.to_rgb[1].out, generator.fine.out):
            last.weight.mul_(0.3 / generator(**feed).std())
            last.bias.mul_(0.3 / generator(**feed).std())
    return DialCheckpoint(generator, DialInfo(pictures_seen=99, recipe={}))
