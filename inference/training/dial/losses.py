"""What makes a face the emote's. Pictures are (N, 3, P, P) float32 in [-1, 1], cutoffs (N,)."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from inference.preparation import COARSEST_CUTOFF, DIAL_INPUT_PX, FINEST_CUTOFF
from inference.training.augment import grey
from inference.training.dial.low_pass import low_pass

LIKENESS_PX, COLOUR_PX = 16, 8
BRIGHTNESS_PX = 4
LEAST_LIKENESS, MOST_LIKENESS = 0.55, 0.95
FREE_COLOUR = 0.25
"""So far may the colours of an emote change for nothing: yellow skin shall become skin."""
FREE_BRIGHTNESS = 0.2
"""So far its brightness, coarsely: without a bound, dark skin came out light and light skin dark."""
TONE_SLOPE, TONE_OFFSET, FREE_TONE = 0.7, 0.03, 0.02
"""How light the skin of a face shall be for the emote's: people are neither as light nor as dark as drawings."""
SKIN_PX, SKIN_RANKS = 32, (0.4, 0.6)
FINEST_ADVERSARIAL = 0.3
APART_PX, APART = 32, 0.2
"""How much two people drawn from one emote shall differ at the coarsest cutoff, mean over so many pixels."""
COARSEST_DETAIL_PX, DETAIL_CELLS = 32, 4
LEAST_DETAIL = 1e-5
"""Power below which it does not matter how little there is."""


def kept(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    """Mean difference of what the network was shown."""
    coarse_output, coarse_target = _at_input(output), _at_input(target)
    return (low_pass(coarse_output, cutoff) - low_pass(coarse_target, cutoff)).abs().mean()


def full(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    """Mean difference, the less weighted the less the network was shown: else it would answer with a blur."""
    return ((output - target).abs().mean((1, 2, 3)) * _strictness(cutoff)).mean()


def features(output: Tensor, target: Tensor, heatmaps: Tensor, cutoff: Tensor) -> Tensor:
    """The same around the landmarks; heatmaps: (N, 1, P, P)."""
    weighted = ((output - target).abs().mean(1, keepdim=True) * heatmaps).sum((1, 2, 3))
    return (weighted / heatmaps.sum((1, 2, 3)).clamp(min=1e-6) * _strictness(cutoff)).mean()


def likeness_missed(output: Tensor, emotes: Tensor, cutoff: Tensor) -> Tensor:
    """By how much the correlation of 16 x 16 grey stays below what the cutoff asks for, mean."""
    wanted = LEAST_LIKENESS + (MOST_LIKENESS - LEAST_LIKENESS) * _position(cutoff)
    return functional.relu(wanted - likeness(output, emotes)).mean()


def likeness(output: Tensor, emotes: Tensor) -> Tensor:
    """(N,): correlation of 16 x 16 grey."""
    return (_centred(output) * _centred(emotes)).sum(1)


def colour_missed(output: Tensor, emotes: Tensor) -> Tensor:
    """By how much colours, 8 x 8, differ more than they may, mean."""
    difference = (_colours(output) - _colours(emotes)).abs()
    return functional.relu(difference - FREE_COLOUR).mean()


def brightness_missed(output: Tensor, emotes: Tensor) -> Tensor:
    """By how much brightness, 4 x 4, differs more than it may, mean."""
    difference = (_brightness(output) - _brightness(emotes)).abs()
    return functional.relu(difference - FREE_BRIGHTNESS).mean()


def tone_missed(output: Tensor, emotes: Tensor) -> Tensor:
    """By how much the lightness of skin is off what the emote's asks for, mean: its tones stay in order."""
    wanted = TONE_SLOPE * _skin_brightness(emotes) + TONE_OFFSET
    return functional.relu((_skin_brightness(output) - wanted).abs() - FREE_TONE).mean()


def detail_missed(output: Tensor, faces: Tensor) -> Tensor:
    """How far the power of each octave of detail is from that of faces, mean of the natural logarithms' distances.

    Of the middle half, where faces are, in 4 x 4 cells, each a mean over the batch: where faces have detail, so shall
    outputs (after the spectral regularisation of Durall et al. 2020, arXiv 2003.01826). Bands are octaves above 16
    cycles per picture, those of a Laplacian pyramid.
    """
    distances = [
        (ours.clamp(min=LEAST_DETAIL).log() - theirs.clamp(min=LEAST_DETAIL).log()).abs().mean()
        for ours, theirs in zip(_detail_power(output), _detail_power(faces), strict=True)
    ]
    return torch.stack(distances).mean()


def twins_missed(output: Tensor, cutoff: Tensor) -> Tensor:
    """By how much two faces of one emote, (2 M, 3, P, P) one after the other, differ less than they shall, mean.

    The less of the emote is kept, the more is asked for (mode seeking, Mao et al. 2019, arXiv 1903.05628).
    """
    coarse = functional.adaptive_avg_pool2d(output, APART_PX)
    apart = (coarse[::2] - coarse[1::2]).abs().mean((1, 2, 3))
    return functional.relu(APART * (1 - _position(cutoff[::2])) - apart).mean()


def adversarial(scores: Tensor, cutoff: Tensor) -> Tensor:
    """Non-saturating loss, the stronger the less of the emote is kept; scores: (N, scales), high for "real"."""
    weight = 1 - (1 - FINEST_ADVERSARIAL) * _position(cutoff)
    return (functional.softplus(-scores) * weight[:, None]).mean()


def _position(cutoff: Tensor) -> Tensor:
    """0 at the coarsest cutoff, 1 at the finest."""
    return (cutoff / COARSEST_CUTOFF).log() / math.log(FINEST_CUTOFF / COARSEST_CUTOFF)


def _strictness(cutoff: Tensor) -> Tensor:
    return (cutoff / FINEST_CUTOFF) ** 2


def _at_input(pictures: Tensor) -> Tensor:
    return pictures if pictures.shape[-1] == DIAL_INPUT_PX else functional.adaptive_avg_pool2d(pictures, DIAL_INPUT_PX)


def _centred(pictures: Tensor) -> Tensor:
    """(N, 256) of length 1."""
    flat = functional.adaptive_avg_pool2d(grey(pictures), LIKENESS_PX).flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    centred: Tensor = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-3)
    return centred


def _colours(pictures: Tensor) -> Tensor:
    coarse: Tensor = functional.adaptive_avg_pool2d(pictures, COLOUR_PX)
    return coarse - grey(coarse)


def _brightness(pictures: Tensor) -> Tensor:
    coarse: Tensor = functional.adaptive_avg_pool2d(grey(pictures), BRIGHTNESS_PX)
    return coarse


def _middle(pictures: Tensor) -> Tensor:
    """(N, C, P, P) -> (N, C, P / 2, P / 2)."""
    quarter = pictures.shape[-1] // 4
    return pictures[..., quarter:-quarter, quarter:-quarter]


def _skin_brightness(pictures: Tensor) -> Tensor:
    """(N,): the middle half's, of 32 x 32 places those neither dark nor light, so that hair and mouth do not count."""
    ordered = functional.adaptive_avg_pool2d(_middle(grey(pictures)), SKIN_PX).flatten(1).sort(1).values
    low, high = (round(share * SKIN_PX**2) for share in SKIN_RANKS)
    brightness: Tensor = ordered[:, low:high].mean(1)
    return brightness


def _detail_power(pictures: Tensor) -> Iterator[Tensor]:
    """(4, 4) an octave, finest first."""
    level = grey(pictures)
    while level.shape[-1] > COARSEST_DETAIL_PX:
        below = functional.avg_pool2d(level, 2)
        band = level - functional.interpolate(below, scale_factor=2, mode="bilinear", align_corners=False)
        yield functional.adaptive_avg_pool2d(_middle(band).square(), DETAIL_CELLS).mean((0, 1))
        level = below
