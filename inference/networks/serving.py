"""The classic network as it is served: plain convolutions, equal to the trained one in eval mode.

The equalised-learning-rate scales and the batch normalisations are constants once training is over, so
they are multiplied into the convolutions' weights and biases.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.networks.classic import ClassicGenerator, EqualConv2d, ResidualBlock


class ServingBlock(nn.Module):
    """A residual block without normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        residual = functional.relu(self.first(features))
        return features + functional.relu(self.second(residual))


class ServingGenerator(nn.Module):
    """16 px pictures to 128 px faces. Its state dict names are those of the exported initialisers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = (width, width // 2, width // 4)
        self.width = width
        self.entry = nn.Conv2d(3, width, kernel_size=3, padding=1)
        self.blocks = nn.ModuleList(ServingBlock(count) for count in channels)
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(count, count // 2, kernel_size=4, stride=2, padding=1) for count in channels
        )
        self.to_rgb = nn.Conv2d(width // 8, 3, kernel_size=1)

    def forward(self, image: Tensor) -> Tensor:
        """image: (N, 3, 16, 16) float in [-1, 1] -> (N, 3, 128, 128), about [-1, 1], not clamped."""
        features = functional.relu(self.entry(image))  # (N, width, 16, 16)
        for block, doubling in zip(self.blocks, self.doublings, strict=True):
            features = functional.relu(doubling(block(features)))  # (N, width / 2, 32, 32), / 4, 64, / 8, 128
        return cast("Tensor", self.to_rgb(features))  # (N, 3, 128, 128)


@torch.no_grad()
def fold(trained: ClassicGenerator) -> ServingGenerator:
    """The serving form of a fully grown network; equal to it in eval mode up to float32 rounding."""
    serving = ServingGenerator(trained.width)
    _absorb(serving.entry, trained.step1[0], trained.step1[1])
    doublings = (nn.Sequential(*list(trained.step1)[3:]), trained.step2, trained.step3)
    for index, step in enumerate(doublings):
        residual = cast("ResidualBlock", step[0]).conv
        block = cast("ServingBlock", serving.blocks[index])
        _absorb(block.first, residual[0], residual[1])
        _absorb(block.second, residual[3], residual[4])
        _absorb(serving.doublings[index], step[1], step[2])
    serving.to_rgb.load_state_dict(trained.to_rgb[-1].state_dict())
    return serving.eval()


def _absorb(target: nn.Module, convolution: nn.Module, following: nn.Module) -> None:
    """Give `target` the weights of a convolution and the normalisation that follows it, as one."""
    target = cast("nn.Conv2d | nn.ConvTranspose2d", target)
    norm = cast("nn.BatchNorm2d", following)
    mean, variance = cast("Tensor", norm.running_mean).double(), cast("Tensor", norm.running_var).double()
    scale = norm.weight.double() / (variance + norm.eps).sqrt()  # (C_out,)
    weight, bias = _plain(convolution)
    transposed = isinstance(target, nn.ConvTranspose2d)
    by_output = (1, -1, 1, 1) if transposed else (-1, 1, 1, 1)  # transposed: (C_in, C_out, kh, kw)
    target.weight.copy_(weight.double() * scale.view(by_output))
    cast("Tensor", target.bias).copy_((bias.double() - mean) * scale + norm.bias.double())


def _plain(convolution: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight and bias as used, the equalised-learning-rate scale multiplied in."""
    if isinstance(convolution, EqualConv2d):
        inner = convolution.conv
        return inner.weight_orig * inner.scale, inner.bias
    plain = cast("nn.Conv2d | nn.ConvTranspose2d", convolution)
    return plain.weight, cast("Tensor", plain.bias)
