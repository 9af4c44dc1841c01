"""The published pixel-to-face network (Kim et al., BMVC 2019, https://arxiv.org/abs/1908.08239).

A 16 px picture becomes a 128 px face in three doublings. Module names follow the authors' code, so
that their state dicts load as they are; only the channel count, `width`, is a parameter here
(512 as published).
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_PX = 16
STAGE_PX = (32, 64, 128)
PUBLISHED_WIDTH = 512


@dataclass(frozen=True, slots=True)
class Stage:
    """How far the network has grown: its output size, and how much of its newest step is mixed in.

    `blend` is in (0, 1]; below 1 the picture of the previous stage, doubled, makes up the rest. The
    first stage has no previous one and is always whole.
    """

    output_px: int = STAGE_PX[-1]
    blend: float = 1.0

    def __post_init__(self) -> None:
        if self.output_px not in STAGE_PX:
            raise ValueError(f"a stage ends at one of {STAGE_PX} px, not {self.output_px}")
        if not 0 < self.blend <= 1:
            raise ValueError(f"a blend lies in (0, 1], not {self.blend}")
        if self.output_px == STAGE_PX[0] and self.blend != 1:
            raise ValueError("the first stage has nothing to blend with")

    @property
    def index(self) -> int:
        """Position of the stage: 0 for 32 px, 1 for 64 px, 2 for 128 px."""
        return STAGE_PX.index(self.output_px)


FULLY_GROWN = Stage()


class ScaledConv2d(nn.Module):
    """A 3x3 convolution with an equalised learning rate: weights of unit variance, scaled in use."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight_orig = nn.Parameter(torch.randn(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))

    @property
    def scale(self) -> float:
        """He's constant, sqrt(2 / fan-in)."""
        return float((2 / self.weight_orig[0].numel()) ** 0.5)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        return functional.conv2d(features, self.weight_orig * self.scale, self.bias, padding=1)


class EqualConv2d(nn.Module):
    """The wrapper that gives the authors' files their `.conv.` level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = ScaledConv2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        return cast("Tensor", self.conv(features))


class ResidualBlock(nn.Module):
    """Two normalised convolutions whose rectified result is added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            EqualConv2d(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            EqualConv2d(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        return features + cast("Tensor", self.conv(features))


def _doubling(channels: int) -> list[nn.Module]:
    """(N, C, H, W) -> (N, C / 2, 2 H, 2 W)."""
    return [
        ResidualBlock(channels),
        nn.ConvTranspose2d(channels, channels // 2, kernel_size=4, stride=2, padding=1),
        nn.BatchNorm2d(channels // 2),
        nn.ReLU(),
    ]


class ClassicGenerator(nn.Module):
    """16 px pictures to 128 px faces; `width` is the channel count of the first step."""

    def __init__(self, width: int = PUBLISHED_WIDTH) -> None:
        super().__init__()
        if width < 8 or width % 8:
            raise ValueError(f"the width is halved three times, so a multiple of 8, not {width}")
        self.width = width
        self.step1 = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *_doubling(width),
        )
        self.step2 = nn.Sequential(*_doubling(width // 2))
        self.step3 = nn.Sequential(*_doubling(width // 4))
        self.to_rgb = nn.ModuleList(
            nn.Conv2d(channels, 3, kernel_size=1) for channels in (width // 2, width // 4, width // 8)
        )

    def forward(self, image: Tensor, stage: Stage = FULLY_GROWN) -> Tensor:
        """image: (N, 3, 16, 16) float in [-1, 1] -> (N, 3, P, P) about [-1, 1], P = stage.output_px."""
        steps = (self.step1, self.step2, self.step3)
        features = previous = self.step1(image)  # (N, width / 2, 32, 32)
        for step in steps[1 : stage.index + 1]:
            previous, features = features, step(features)  # (N, width / 4, 64, 64), then / 8, 128
        face = cast("Tensor", self.to_rgb[stage.index](features))  # (N, 3, P, P)
        if stage.blend == 1:
            return face
        coarse = self.to_rgb[stage.index - 1](previous)  # (N, 3, P / 2, P / 2)
        coarse = functional.interpolate(coarse, scale_factor=2, mode="nearest")  # (N, 3, P, P)
        return torch.lerp(coarse, face, stage.blend)
