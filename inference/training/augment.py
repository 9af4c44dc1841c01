"""Training pairs: random views of faces, and the 16 px inputs the network sees of them.

Everything random is drawn from the generator passed in, so a batch is a function of its number.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional

from inference.preprocess import INPUT_PX
from inference.training.faces import CHIN, FOREHEAD, MIRRORED, Faces

CROP_SHIFT = 0.05
ROTATION = math.radians(20)
TARGET_PX = 128
BRIGHTNESS = CONTRAST = SATURATION = 0.4
HUE = 0.1
SOFTENED_SHARE = 0.3
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How views are drawn: the range of the crop's side, as a share of the picture's, and how many get new colours."""

    sides: tuple[float, float]
    jittered_share: float


PHOTOGRAPHS = Sampling(sides=(0.62, 1.0), jittered_share=0.5)
EMOTES = Sampling(sides=(0.55, 0.85), jittered_share=0.0)
"""Emotes fill their frame; and what is seen in them shall have a person's own colours."""


@dataclass(frozen=True, slots=True)
class Views:
    """faces: (N, 3, P, P) float32 in [-1, 1]; landmarks: (N, 25, 2), 0..1 of the side, may fall outside."""

    faces: Tensor
    landmarks: Tensor


def random_views(
    faces: Faces, indices: npt.NDArray[np.int64], sampling: Sampling, random: Generator, side_px: int = TARGET_PX
) -> Views:
    """Flipped, rotated, shifted, cropped and colour-jittered views of the faces at `indices`."""
    count = len(indices)
    pixels = torch.from_numpy(np.asarray(faces.pictures[indices]))  # (N, 256, 256, 3), a copy
    points = torch.from_numpy(faces.landmarks[indices])  # (N, 25, 2)
    side = uniform(count, random, *sampling.sides)
    angle = uniform(count, random, -ROTATION, ROTATION)
    flipped = torch.rand(count, generator=random) < 0.5
    shift = uniform(count * 2, random, -CROP_SHIFT, CROP_SHIFT).view(count, 2)
    matrix = _matrix(side, angle, flipped)  # (N, 2, 2)
    centre = (face_centres(points) + shift) * 2 - 1  # (N, 2), -1..1 of the picture
    factors = _jitter_factors(count, sampling.jittered_share, random)
    views = _sample(pixels, torch.cat([matrix, centre[:, :, None]], 2), side_px)
    coloured = jitter(views, factors) if sampling.jittered_share else views
    return Views(coloured, _landmarks_seen(points, matrix, centre, flipped))


def face_centres(points: Tensor) -> Tensor:
    """(N, 25, 2) landmarks -> (N, 2): mean x of all points, y halfway between chin and forehead."""
    return torch.stack([points[:, :, 0].mean(1), (points[:, CHIN, 1] + points[:, FOREHEAD, 1]) / 2], 1)


def halved(images: Tensor) -> Tensor:
    """(N, 3, 2 P, 2 P) -> (N, 3, P, P) by the triangle filter of PIL's bilinear resizing."""
    side_px = images.shape[-1] // 2
    return functional.interpolate(images, size=side_px, mode="bilinear", antialias=True, align_corners=False)


def reduced(images: Tensor, side_px: int) -> Tensor:
    """(N, 3, P, P) -> (N, 3, side_px, side_px) by repeated halving."""
    while images.shape[-1] > side_px:
        images = halved(images)
    return images


def network_inputs(faces: Tensor) -> Tensor:
    """(N, 3, 128, 128) -> (N, 3, 16, 16), as the serving cascade makes them, rounded to 8 bits."""
    return torch.round((reduced(faces, INPUT_PX) + 1) * 127.5) / 127.5 - 1


def soften(inputs: Tensor, random: Generator) -> Tensor:
    """Blur a share of (N, 3, 16, 16) inputs, by enlarging and reducing them or by a Gaussian low-pass.

    The network then learns to find faces in less, and calm edges in emotes do not throw it.
    """
    count = len(inputs)
    draw = torch.rand(count, generator=random)
    sigma_px = uniform(count, random, 0.4, 1.2)
    blurred = network_inputs(functional.interpolate(inputs, size=TARGET_PX, mode="bilinear", align_corners=False))
    low_passed = gaussian_blur(inputs, sigma_px)
    choice = (draw / SOFTENED_SHARE * 2).view(-1, 1, 1, 1)
    return torch.where(choice < 1, blurred, torch.where(choice < 2, low_passed, inputs))


def gaussian_blur(images: Tensor, sigma_px: Tensor) -> Tensor:
    """Blur (N, C, H, W) pictures, each by its own sigma; sigma_px: (N,), up to about 3."""
    radius = 8
    count, channels, height, width = images.shape
    offsets = torch.arange(-radius, radius + 1)
    kernels = torch.exp(-(offsets**2) / (2 * sigma_px[:, None] ** 2))  # (N, 17)
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None]  # (N C, 1, 17)
    padded = functional.pad(images, (radius,) * 4, mode="replicate")
    padded = padded.reshape(1, count * channels, *padded.shape[2:])
    rows = functional.conv2d(padded, kernels[:, :, None], groups=count * channels)
    columns = functional.conv2d(rows, kernels[:, :, :, None], groups=count * channels)
    return columns.view(count, channels, height, width)


def jitter(images: Tensor, factors: Tensor) -> Tensor:
    """Change colours: images (N, 3, H, W) in [-1, 1]; factors (N, 4): brightness, contrast, saturation, hue.

    The first three multiply (1 leaves as is); hue turns by that share of a full circle.
    """
    brightness, contrast, saturation, hue = (f.view(-1, 1, 1, 1) for f in factors.unbind(1))
    lit = (images + 1) / 2 * brightness  # 0..1
    mean = grey(lit).mean((2, 3), keepdim=True)
    lit = (lit - mean) * contrast + mean
    luma = grey(lit)
    chroma = (lit - luma) * saturation
    return ((luma + _turned(chroma, hue * 2 * math.pi)) * 2 - 1).clamp(-1, 1)


def grey(images: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W): brightness."""
    weights = torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)


def _turned(chroma: Tensor, angle: Tensor) -> Tensor:
    """Rotate colour differences (N, 3, H, W) about the grey axis (Rodrigues' formula)."""
    cosine, sine = angle.cos(), angle.sin()
    rolled = (chroma.roll(1, 1) - chroma.roll(-1, 1)) / math.sqrt(3)  # grey axis x chroma
    along = chroma.mean(1, keepdim=True)
    return chroma * cosine + rolled * sine + along * (1 - cosine)


def _jitter_factors(count: int, share: float, random: Generator) -> Tensor:
    spread = torch.tensor([BRIGHTNESS, CONTRAST, SATURATION, HUE])
    draw = (torch.rand(count, 4, generator=random) * 2 - 1) * spread
    chosen = torch.rand(count, 1, generator=random) < share
    return torch.tensor([1.0, 1.0, 1.0, 0.0]) + draw * chosen


def uniform(count: int, random: Generator, low: float, high: float) -> Tensor:
    """(N,) numbers between two bounds."""
    return torch.rand(count, generator=random) * (high - low) + low


def sampling_grid(affine: Tensor, side_px: int) -> Tensor:
    """(N, 2, 3) -> (N, P, P, 2): torch's affine_grid for squares, align_corners off, at a quarter of its cost."""
    steps = (torch.arange(side_px) * 2 + 1) / side_px - 1
    x, y, shift = affine[:, None, None].unbind(4)  # (N, 1, 1, 2) each
    return steps[:, None] * x + (steps[:, None, None] * y + shift)


def _matrix(side: Tensor, angle: Tensor, flipped: Tensor) -> Tensor:
    """(N, 2, 2): from view coordinates to picture coordinates, both -1..1."""
    mirror = torch.where(flipped, -1.0, 1.0)
    cosine, sine = side * angle.cos(), side * angle.sin()
    return torch.stack([cosine * mirror, -sine, sine * mirror, cosine], 1).view(-1, 2, 2)


def _sample(pixels: Tensor, affine: Tensor, side_px: int) -> Tensor:
    """pixels (N, 256, 256, 3) uint8, affine (N, 2, 3) -> (N, 3, P, P) in [-1, 1], sampled twice as dense if smaller."""
    images = pixels.permute(0, 3, 1, 2).float()  # scaled later, when there is less of it
    smaller = side_px < pixels.shape[1]
    grid = sampling_grid(affine, 2 * side_px if smaller else side_px)
    dense = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    if not smaller:
        return (dense / 127.5 - 1).clamp(-1, 1)
    rows = dense[:, :, ::2] + dense[:, :, 1::2]  # (N, 3, P, 2 P)
    return ((rows[..., ::2] + rows[..., 1::2]) / (4 * 127.5) - 1).clamp(-1, 1)


def _landmarks_seen(points: Tensor, matrix: Tensor, centre: Tensor, flipped: Tensor) -> Tensor:
    """Where the picture's landmarks (N, 25, 2) lie in the view, left and right swapped where it is flipped."""
    offsets = points * 2 - 1 - centre[:, None]
    seen = (torch.linalg.solve(matrix[:, None], offsets[..., None])[..., 0] + 1) / 2
    return torch.where(flipped[:, None, None], seen[:, list(MIRRORED)], seen)
