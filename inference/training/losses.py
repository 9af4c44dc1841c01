"""The losses, one function each. Pictures are (N, 3, P, P) float32 in [-1, 1]."""

import torch
from torch import Tensor
from torch.nn import functional

from inference.training.faces import EYES_AND_MOUTH, LANDMARKS

HEATMAP_SIGMA = 0.03


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (output - target).abs().mean()


def landmark_l1(output: Tensor, target: Tensor, heatmaps: Tensor) -> Tensor:
    """Mean absolute difference where the face's features are; heatmaps: (N, 1, P, P)."""
    weighted = (output - target).abs().mean(1, keepdim=True) * heatmaps
    return weighted.sum() / heatmaps.sum().clamp(min=1e-6)


def landmark_heatmaps(landmarks: Tensor, side_px: int) -> Tensor:
    """(N, 25, 2) points, 0..1 of the side -> (N, 1, P, P) in [0, 2].

    The highest of a Gaussian bell at each point (sigma = 3 % of the side); eyes and mouth count twice.
    """
    centres = (torch.arange(side_px, device=landmarks.device) + 0.5) / side_px
    bells = torch.exp(-((centres - landmarks[..., None]) ** 2) / (2 * HEATMAP_SIGMA**2))  # (N, 25, 2, P)
    heights = torch.ones(LANDMARKS, device=landmarks.device)
    heights[list(EYES_AND_MOUTH)] = 2
    rows = bells[:, :, 1] * heights[None, :, None]
    return (rows[:, :, :, None] * bells[:, :, 0][:, :, None, :]).amax(1, keepdim=True)


def generator_adversarial(fake_scores: Tensor) -> Tensor:
    """Non-saturating loss of the generator; fake_scores: (N,), high for "real"."""
    return functional.softplus(-fake_scores).mean()


def critic_adversarial(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Non-saturating loss of the critic; both (N,)."""
    return functional.softplus(-real_scores).mean() + functional.softplus(fake_scores).mean()


def r1(real_scores: Tensor, real: Tensor) -> Tensor:
    """Squared gradient of the scores by the real pictures (Mescheder et al. 2018), half of gamma = 1."""
    (gradient,) = torch.autograd.grad(real_scores.sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean() / 2
