"""The emote-native network behind the styles `real` and `cursed`: a 64 px emote becomes a face, at any realism.

A U-Net with attention at its narrowest. It is told the `cutoff` its input was low-passed to (about how many pixels
across are left) and a random latent; both steer every block by FiLM (Perez et al. 2018). The skips pass through gates
of the cutoff: with little left the network must invent a person, with much left it keeps the emote's own shapes. All
noise is an input, so that every runtime draws the same face.
"""

import itertools
import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.preparation import DIAL_INPUT_PX, LATENT

STEERING = 128
ENCODER = (64, 128, 256)
"""Channels at 32, 16 and 8 px."""
DECODER = (256, 192, 96, 48, 32)
"""Channels at 8, 16, 32, 64 and 128 px."""
HEADS = 4
GROUPS = 8


class Block(nn.Module):
    """A residual block, steered between its convolutions; may halve or double the resolution first."""

    def __init__(self, inputs: int, outputs: int, scale: float = 1) -> None:
        super().__init__()
        self.scale = scale
        self.norm = nn.GroupNorm(GROUPS, inputs)
        self.first = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
        self.inner_norm = nn.GroupNorm(GROUPS, outputs, affine=False)
        self.steer = nn.Linear(STEERING, 2 * outputs)
        self.second = nn.Conv2d(outputs, outputs, kernel_size=3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, kernel_size=1) if inputs != outputs else nn.Identity()
        for parameter in (self.second.weight, self.steer.weight, self.steer.bias):
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor, steering: Tensor) -> Tensor:
        """features: (N, inputs, H, W), steering: (N, 128) -> (N, outputs, scale H, scale W)."""
        residual = resized(functional.silu(self.norm(features)), self.scale)
        gain, bias = self.steer(steering)[:, :, None, None].chunk(2, 1)  # (N, outputs, 1, 1) each
        residual = functional.silu(self.inner_norm(self.first(residual)) * (1 + gain) + bias)
        return cast("Tensor", _skipped(self.skip, features, self.scale) + self.second(residual))


class Attention(nn.Module):
    """Every place looks at every other: two eyes have to agree."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, kernel_size=1)
        self.out = nn.Conv2d(channels, channels, kernel_size=1)
        nn.init.zeros_(self.out.weight)

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, C, H, W)."""
        count, channels, height, width = features.shape
        triple = self.query_key_value(self.norm(features)).view(count, 3, HEADS, channels // HEADS, height * width)
        query, key, value = triple.transpose(3, 4).unbind(1)  # (N, heads, H W, C / heads) each
        seen = functional.scaled_dot_product_attention(query, key, value)
        return cast("Tensor", features + self.out(seen.transpose(2, 3).reshape(count, channels, height, width)))


class Up(nn.Module):
    """Doubles the resolution, lets a gated skip and fine noise in, and works them over."""

    def __init__(self, inputs: int, outputs: int, skipped: int) -> None:
        super().__init__()
        self.enlarge = Block(inputs, outputs, scale=2)
        self.skip = nn.Conv2d(skipped, outputs, kernel_size=1) if skipped else None
        self.noise = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        self.block = Block(outputs, outputs) if outputs > DECODER[-1] else None

    def forward(self, features: Tensor, steering: Tensor, grain: Tensor, skipped: Tensor | None) -> Tensor:
        """features: (N, inputs, H, W), grain: (N, 1, 2 H, 2 W) -> (N, outputs, 2 H, 2 W)."""
        features = self.enlarge(features, steering)
        features = features + self.noise.to(features.dtype) * grain.to(features.dtype)
        if self.skip is not None and skipped is not None:
            features = features + self.skip(skipped)
        return features if self.block is None else cast("Tensor", self.block(features, steering))


class ToRgb(nn.Module):
    """The picture at one resolution; starts as nothing, so that a resolution can join a trained network."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.out = nn.Conv2d(channels, 3, kernel_size=3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(cast("Tensor", self.out.bias))

    def forward(self, features: Tensor) -> Tensor:
        """features: (N, C, H, W) -> (N, 3, H, W)."""
        return cast("Tensor", self.out(functional.silu(self.norm(features))))


class FineHead(nn.Module):
    """Doubles a 128 px picture with what only 256 px can show; works at 128 px throughout, so it costs little."""

    def __init__(self, channels: int, between: int = 48) -> None:
        super().__init__()
        self.inner = nn.Conv2d(channels + 4, between, kernel_size=3, padding=1)
        self.out = nn.Conv2d(between, 3 * 4, kernel_size=3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(cast("Tensor", self.out.bias))

    def forward(self, features: Tensor, grain: Tensor) -> Tensor:
        """features: (N, C, H, W), grain: (N, 1, 2 H, 2 W) -> (N, 3, 2 H, 2 W)."""
        seen = torch.cat([features, functional.pixel_unshuffle(grain, 2).to(features.dtype)], 1)
        return functional.pixel_shuffle(self.out(functional.silu(self.inner(seen))), 2)


class DialGenerator(nn.Module):
    """64 px emotes to faces of 64, 128 or 256 px."""

    def __init__(self) -> None:
        super().__init__()
        self.steering = nn.Sequential(
            nn.Linear(LATENT + 1, STEERING), nn.SiLU(), nn.Linear(STEERING, STEERING), nn.SiLU()
        )
        self.entry = nn.Conv2d(3 * 4, ENCODER[0], kernel_size=3, padding=1)
        self.look = Block(ENCODER[0], ENCODER[0])
        self.downs = nn.ModuleList(Block(i, o, scale=0.5) for i, o in itertools.pairwise(ENCODER))
        narrowest = ENCODER[-1]
        self.attentions = nn.ModuleList(Attention(narrowest) for _ in range(2))
        self.thoughts = nn.ModuleList(Block(narrowest, narrowest) for _ in range(2))
        self.gates = nn.Linear(STEERING, 2)
        skipped = (ENCODER[1], ENCODER[0], 0, 0)
        widths = itertools.pairwise(DECODER)
        self.ups = nn.ModuleList(Up(i, o, s) for (i, o), s in zip(widths, skipped, strict=True))
        self.to_rgb = nn.ModuleList(ToRgb(channels) for channels in DECODER[-2:])
        self.fine = FineHead(DECODER[-1])

    def forward(self, image: Tensor, cutoff: Tensor, latent: Tensor, grain: Tensor) -> Tensor:
        """Draw faces, as large as the grain.

        image: (N, 3, 64, 64) in [-1, 1], low-passed to `cutoff`: (N,), pixels across, 6 to 32. latent: (N, 64) and
        grain: (N, 1, P, P) are standard normal. Returns (N, 3, P, P), about [-1, 1], not clamped; P is 64, 128 or 256.
        """
        strictness = cutoff.log() - math.log(12)  # (N,), about -0.7 to 1
        steering = self.steering(torch.cat([latent, strictness[:, None]], 1))  # (N, 128)
        gates = torch.sigmoid(self.gates(steering) + 2 * strictness[:, None])[:, :, None, None, None]  # (N, 2, 1, 1, 1)
        skips = [self.look(self.entry(functional.pixel_unshuffle(image, 2)), steering)]  # (N, 64, 32, 32)
        for down in self.downs:
            skips.append(down(skips[-1], steering))  # (N, 128, 16, 16), (N, 256, 8, 8)
        features = skips.pop()
        for attention, thought in zip(self.attentions, self.thoughts, strict=True):
            features = thought(attention(features), steering)  # (N, 256, 8, 8)
        grains = _pyramid(grain)
        for index, up in enumerate(self.ups[:3]):
            skipped = gates[:, index] * skips.pop() if skips else None
            features = up(features, steering, grains[features.shape[-1] * 2], skipped)  # up to (N, 48, 64, 64)
        picture = self.to_rgb[0](features)  # (N, 3, 64, 64)
        if grain.shape[-1] == DIAL_INPUT_PX:
            return cast("Tensor", picture)
        features = self.ups[3](features, steering, grains[2 * DIAL_INPUT_PX], None)  # (N, 32, 128, 128)
        picture = resized(picture, 2) + self.to_rgb[1](features)  # (N, 3, 128, 128)
        if grain.shape[-1] == 2 * DIAL_INPUT_PX:
            return cast("Tensor", picture)
        return cast("Tensor", resized(picture, 2) + self.fine(features, grain))  # (N, 3, 256, 256)


def _skipped(skip: nn.Module, features: Tensor, scale: float) -> Tensor:
    """The 1x1 convolution at the lower of both resolutions, where it is cheap; it commutes with resizing."""
    if scale > 1:
        return resized(skip(features), scale)
    return cast("Tensor", skip(resized(features, scale)))


def resized(features: Tensor, scale: float) -> Tensor:
    """(N, C, H, W) -> (N, C, scale H, scale W); scale is 0.5, 1 or 2."""
    if scale == 2:
        return functional.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
    return functional.avg_pool2d(features, 2) if scale == 0.5 else features


def _pyramid(grain: Tensor) -> dict[int, Tensor]:
    """Noise of unit variance by side, each half the one before."""
    levels = {grain.shape[-1]: grain}
    while min(levels) > 16:
        levels[min(levels) // 2] = functional.avg_pool2d(levels[min(levels)], 2) * 2
    return levels
