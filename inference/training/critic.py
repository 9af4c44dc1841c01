"""The critic that tells real faces from made ones, at 64 or 128 px; used in training only."""

import itertools
import math
from typing import cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

FINE = 16
"""Channels at 128 px."""
CHANNELS = (32, 64, 128, 192, 256)
"""At 64, 32, 16, 8 and 4 px."""
COARSE_PX, FINE_PX = 64, 128
GROUP = 4
LEAK = 0.2


class EqualLinear(nn.Module):
    """A layer with an equalised learning rate: unit-variance weights, scaled in use."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = math.sqrt(2 / (inputs * kernel * kernel))

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W'): padded to the same size for odd kernels."""
        padding = self.weight.shape[-1] // 2 if self.weight.shape[-1] % 2 else 0
        return functional.conv2d(features, self.weight * self.gain, self.bias, padding=padding)


class DownBlock(nn.Module):
    """A residual block that halves the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualLinear(inputs, inputs, 3)
        self.second = EqualLinear(inputs, outputs, 3)
        self.skip = EqualLinear(inputs, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / 2, W / 2)."""
        residual = functional.leaky_relu(self.first(features), LEAK)
        residual = functional.avg_pool2d(functional.leaky_relu(self.second(residual), LEAK), 2)
        return cast("Tensor", (residual + self.skip(functional.avg_pool2d(features, 2))) / math.sqrt(2))


class Critic(nn.Module):
    """Scores faces: high for real ones. Sees the spread within groups of four pictures.

    What 128 px show beyond 64 joins through a gain that starts at 0, so that a critic of 64 px can grow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.from_fine = EqualLinear(3, FINE)
        self.fine = DownBlock(FINE, CHANNELS[0])
        self.fine_gain = nn.Parameter(torch.zeros(1))
        self.from_rgb = EqualLinear(3, CHANNELS[0])
        self.blocks = nn.Sequential(*(DownBlock(inputs, outputs) for inputs, outputs in itertools.pairwise(CHANNELS)))
        self.join = EqualLinear(CHANNELS[-1] + 1, CHANNELS[-1], 3)
        self.dense = EqualLinear(CHANNELS[-1], CHANNELS[-1], 4)
        self.score = EqualLinear(CHANNELS[-1], 1)

    def forward(self, faces: Tensor) -> Tensor:
        """faces: (N, 3, P, P) float in [-1, 1], P is 64 or 128 -> (N,) float32."""
        coarse = faces if faces.shape[-1] == COARSE_PX else functional.avg_pool2d(faces, 2)
        features = functional.leaky_relu(self.from_rgb(coarse), LEAK)  # (N, 32, 64, 64)
        if faces.shape[-1] > COARSE_PX:
            fine = functional.leaky_relu(self.from_fine(faces), LEAK)  # (N, 16, 128, 128)
            features = features + self.fine_gain * self.fine(fine)
        features = self.blocks(features)  # (N, 256, 4, 4)
        features = torch.cat([features, _spread(features)], 1)  # (N, 257, 4, 4)
        features = functional.leaky_relu(self.join(features), LEAK)  # (N, 256, 4, 4)
        features = functional.leaky_relu(self.dense(features), LEAK)  # (N, 256, 1, 1)
        return cast("Tensor", self.score(features)).flatten().float()


def _spread(features: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, 1, H, W): mean standard deviation within each group of pictures."""
    count, _, height, width = features.shape
    group = math.gcd(count, GROUP)
    grouped = features.float().reshape(count // group, group, -1)
    spread = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean(1)  # (N / group,)
    return spread.repeat_interleave(group).view(-1, 1, 1, 1).expand(-1, 1, height, width).to(features)


def looked_at(faces: Tensor) -> Tensor:
    """(N, 3, P, P) -> the same, or of larger ones what a critic sees: (N, 3, 128, 128)."""
    return functional.avg_pool2d(faces, faces.shape[-1] // FINE_PX) if faces.shape[-1] > FINE_PX else faces


def disguise(faces: Tensor, random: Generator, share: float = 1.0) -> Tensor:
    """Differentiable augmentation of what the critic sees, so that it does not memorise the few faces.

    faces: (N, 3, P, P) -> the same, of a random share of them brightness, contrast and position changed.
    """
    untouched = (torch.rand(len(faces), 1, 1, 1, generator=random) >= share).to(faces.device)
    return torch.where(untouched, faces, _disguised(faces, random)) if share else faces


def _disguised(faces: Tensor, random: Generator) -> Tensor:
    count, _, side_px, _ = faces.shape
    draw = torch.rand(3, count, 1, 1, 1, generator=random).to(faces.device)
    mean = faces.mean((1, 2, 3), keepdim=True)
    faces = (faces - mean) * (0.75 + draw[0] / 2) + mean + (draw[1] - 0.5) / 2
    reach_px = side_px // 8
    down, right = (int(n) for n in torch.randint(0, 2 * reach_px + 1, (2,), generator=random))
    padded = functional.pad(faces, (reach_px,) * 4)
    return padded[:, :, down : down + side_px, right : right + side_px]
