"""A small network that finds the landmarks of a face, and so knows how much of one there is.

It judges faces that other networks draw: which round of `classic` looks most like a person. Trained here on the same
faces (see `inference.training.landmark_network`); it has nothing to do with the MediaPipe networks of `prepare`.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_PX = 64
HEATMAP_PX = 32
LANDMARKS = 25
CHANNELS = (24, 56, 80)
"""At 32, 16 and 8 px."""
GROUPS = 8
ABSENT = -4.0
"""The logit that every place starts at: nearly all of a heatmap is empty."""


class LandmarkBlock(nn.Module):
    """Two normalised convolutions added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first_norm = nn.GroupNorm(GROUPS, channels)
        self.first = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.second_norm = nn.GroupNorm(GROUPS, channels)
        self.second = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        residual = self.first(functional.silu(self.first_norm(features)))
        return features + cast("Tensor", self.second(functional.silu(self.second_norm(residual))))


class LandmarkNetwork(nn.Module):
    """64 px pictures to one heatmap a landmark."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = CHANNELS
        self.entry = nn.Conv2d(3 * 4, fine, kernel_size=3, padding=1)
        self.look = LandmarkBlock(fine)
        self.downs = nn.ModuleList(
            (nn.Conv2d(fine, middle, kernel_size=2, stride=2), nn.Conv2d(middle, coarse, kernel_size=2, stride=2))
        )
        self.middle = LandmarkBlock(middle)
        self.coarse = nn.Sequential(LandmarkBlock(coarse), LandmarkBlock(coarse))
        self.ups = nn.ModuleList((nn.Conv2d(coarse, middle, kernel_size=1), nn.Conv2d(middle, fine, kernel_size=1)))
        self.joined = nn.ModuleList((LandmarkBlock(middle), LandmarkBlock(fine)))
        self.out = nn.Conv2d(fine, LANDMARKS, kernel_size=1)
        nn.init.constant_(cast("Tensor", self.out.bias), ABSENT)

    def logits(self, image: Tensor) -> Tensor:
        """image: (N, 3, 64, 64) float in [-1, 1] -> (N, 25, 32, 32), before the sigmoid."""
        fine = self.look(self.entry(functional.pixel_unshuffle(image, 2)))  # (N, 32, 32, 32)
        middle = self.middle(self.downs[0](fine))  # (N, 64, 16, 16)
        features = self.coarse(self.downs[1](middle))  # (N, 96, 8, 8)
        for up, skipped, joined in zip(self.ups, (middle, fine), self.joined, strict=True):
            features = joined(skipped + _doubled(up(features)))  # (N, 64, 16, 16), (N, 32, 32, 32)
        return cast("Tensor", self.out(features))  # (N, 25, 32, 32)

    def forward(self, image: Tensor) -> Tensor:
        """image: (N, 3, 64, 64) float in [-1, 1] -> (N, 25, 32, 32) in [0, 1]: how surely each landmark is there."""
        return torch.sigmoid(self.logits(image))


def _doubled(features: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2 H, 2 W)."""
    return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
