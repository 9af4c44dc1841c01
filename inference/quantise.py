"""What 8-bit serving needs to know of a network: how far the inputs of its convolutions reach on real emotes."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from inference.feeds import Feed, pieces

BATCH = 8


@torch.inference_mode()
def input_ranges(network: nn.Module, feed: Feed) -> Mapping[str, tuple[float, float]]:
    """Lowest and highest input of every convolution, by its name in the network; 0 is always between them."""
    ranges: dict[str, tuple[float, float]] = {}

    def widen(name: str, values: Tensor) -> None:
        low, high = ranges.get(name, (0.0, 0.0))
        ranges[name] = min(low, float(values.min())), max(high, float(values.max()))

    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: widen(name, inputs[0]))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    for piece in pieces(feed, (BATCH,)):
        network(**{name: torch.from_numpy(array) for name, array in piece.items()})
    for hook in hooks:
        hook.remove()
    return ranges
