"""Batch normalisation statistics of averaged weights.

A moving average of weights has no matching running statistics: those must be measured again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from inference.networks.classic import ClassicGenerator, Stage

CALIBRATION_BATCH = 32


def normalisations(network: nn.Module) -> list[nn.BatchNorm2d]:
    """All batch normalisations of a network."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@contextmanager
def measuring(network: nn.Module) -> Iterator[None]:
    """While inside, the running statistics become the plain mean over all batches seen."""
    layers = normalisations(network)
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()


@torch.no_grad()
def recalibrate(network: ClassicGenerator, batches: Iterable[Tensor], stage: Stage) -> None:
    """Measure the statistics on batches of inputs (N, 3, 16, 16); leaves the network in eval mode."""
    network.eval()
    with measuring(network):
        for inputs in batches:
            network(inputs, stage)
