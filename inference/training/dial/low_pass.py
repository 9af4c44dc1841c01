"""The low-pass that the dial is made of, on batches of tensors; serving has its twin in `inference.preparation`."""

import math

import torch
from torch import Generator, Tensor

from inference.preparation import COARSEST_CUTOFF, FINEST_CUTOFF

COARSE_SHARE, COARSE_UNTIL = 0.2, 8.0


def low_pass(images: Tensor, cutoff: Tensor) -> Tensor:
    """Blur (N, C, P, P) pictures by a Gaussian of half a pixel of a cutoff x cutoff grid; cutoff: (N,)."""
    matrices = low_pass_matrices(images.shape[-1], cutoff)[:, None]  # (N, 1, P, P)
    return matrices @ images @ matrices.transpose(2, 3)


def low_pass_matrices(side_px: int, cutoff: Tensor) -> Tensor:
    """(N,) -> (N, P, P): row i holds the weights of every pixel in the blurred pixel i; edges are mirrored."""
    sigma = side_px / (2 * cutoff)  # (N,), pixels
    positions = torch.arange(side_px, dtype=torch.float32, device=cutoff.device)
    mirrored = torch.cat([-1 - positions.flip(0), positions, 2 * side_px - 1 - positions.flip(0)])
    weights = torch.exp(-((positions[:, None] - mirrored[None, :]) ** 2) / (2 * sigma[:, None, None] ** 2))
    left, middle, right = weights.chunk(3, 2)
    folded: Tensor = left.flip(2) + middle + right.flip(2)  # (N, P, P)
    return folded / folded.sum(2, keepdim=True)


def random_cutoffs(count: int, random: Generator) -> Tensor:
    """(N,): log-uniform from 6 to 32, a fifth of them from 6 to 8, where a person has to be invented."""
    span = math.log(FINEST_CUTOFF / COARSEST_CUTOFF)
    spread = COARSEST_CUTOFF * torch.exp(torch.rand(count, generator=random) * span)
    coarse = COARSEST_CUTOFF + (COARSE_UNTIL - COARSEST_CUTOFF) * torch.rand(count, generator=random)
    return torch.where(torch.rand(count, generator=random) < COARSE_SHARE, coarse, spread)
