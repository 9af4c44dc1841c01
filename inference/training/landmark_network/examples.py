"""What the landmark network learns from: faces, the less of one the more they are blurred, and much that is none."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from inference.networks.landmarks import HEATMAP_PX, INPUT_PX
from inference.training.augment import Sampling, jitter, random_views, uniform
from inference.training.dial.drawn import Drawn
from inference.training.dial.low_pass import low_pass
from inference.training.faces import Faces, held_out

VIEWS = Sampling(sides=(0.58, 1.0), jittered_share=0.5)
SIGMA = 0.04
"""Of the bell at each landmark, in sides: a little more than a pixel of the heatmap."""
FACE_SHARE, THING_SHARE = 0.6, 0.2
"""Of a batch. The rest are a third each upside down, shuffled and noise."""
BLURRED_SHARE = 0.5
BLUREST, SHARPEST = 5.0, 40.0
"""Pixels across left of the faces and things that are blurred."""
NO_FACE_BELOW, WHOLE_FACE_FROM = 6.0, 24.0
"""With so little left a face is none, with so much all of one; the height of its bells rises in between."""
GRAIN = 0.15
"""Largest standard deviation of the noise over a picture, on a scale of [-1, 1]."""
PATCHES = 4
"""A side that is shuffled has so many."""


@dataclass(frozen=True, slots=True)
class LandmarkBatch:
    """images: (N, 3, 64, 64) in [-1, 1]; heatmaps: (N, 25, 32, 32) in [0, 1], all zero for what is no face."""

    images: Tensor
    heatmaps: Tensor


class LandmarkExamples:
    """Draws batches from the training faces, never from those held out."""

    def __init__(self, faces: Faces, drawn: Drawn) -> None:
        self._faces = faces
        self._drawn = drawn
        self._indices, _ = held_out(len(faces))

    def draw(self, count: int, random: Generator) -> LandmarkBatch:
        """A batch; the same state of `random` draws the same one."""
        people, things = round(count * FACE_SHARE), round(count * THING_SHARE)
        faces, heatmaps = self._people(people, random)
        spoilt = self._spoilt(count - people - things, random)
        images = torch.cat([faces, self._things(things, random), spoilt])
        absent = torch.zeros(count - people, *heatmaps.shape[1:])
        return LandmarkBatch(grained(images, random), torch.cat([heatmaps, absent]))

    def _people(self, count: int, random: Generator) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(self._indices), (count,), generator=random).numpy()
        views = random_views(self._faces, self._indices[chosen], VIEWS, random, INPUT_PX)
        images, height = blurred(views.faces, random)
        return images, bells(views.landmarks) * height.view(-1, 1, 1, 1)

    def _things(self, count: int, random: Generator) -> Tensor:
        return blurred(self._drawn.draw(count, random, face_share=0.0), random)[0]

    def _spoilt(self, count: int, random: Generator) -> Tensor:
        """Faces on their heads, faces in pieces, and blotches of every size."""
        blotches = count // 3
        faces, _ = self._people(count - blotches, random)
        half = len(faces) // 2
        return torch.cat([faces[:half].flip(2), shuffled(faces[half:], random), noise(blotches, random)])


def bells(landmarks: Tensor) -> Tensor:
    """(N, 25, 2) points, 0..1 of the side -> (N, 25, 32, 32) in [0, 1]: a Gaussian bell at each."""
    centres = (torch.arange(HEATMAP_PX) + 0.5) / HEATMAP_PX
    sides = torch.exp(-((centres - landmarks[..., None]) ** 2) / (2 * SIGMA**2))  # (N, 25, 2, 32)
    return sides[:, :, 1, :, None] * sides[:, :, 0, None, :]


def blurred(images: Tensor, random: Generator) -> tuple[Tensor, Tensor]:
    """Low-pass a share of (N, 3, P, P) pictures; also (N,) in [0, 1], how much of a face is left in each."""
    count = len(images)
    cutoff = BLUREST * (SHARPEST / BLUREST) ** torch.rand(count, generator=random)
    chosen = torch.rand(count, generator=random) < BLURRED_SHARE
    height = ((cutoff - NO_FACE_BELOW) / (WHOLE_FACE_FROM - NO_FACE_BELOW)).clamp(0, 1)
    mixed = torch.where(chosen.view(-1, 1, 1, 1), low_pass(images, cutoff), images)
    return mixed, torch.where(chosen, height, 1.0)


def shuffled(images: Tensor, random: Generator) -> Tensor:
    """(N, 3, P, P) -> the same patches in another order."""
    side_px = images.shape[-1] // PATCHES
    patches = functional.unfold(images, side_px, stride=side_px)  # (N, 3 P P / 16, 16)
    order = torch.rand(len(images), 1, PATCHES**2, generator=random).argsort(2).expand_as(patches)
    return functional.fold(patches.gather(2, order), images.shape[-2:], side_px, stride=side_px)


def noise(count: int, random: Generator) -> Tensor:
    """(N, 3, 64, 64) in [-1, 1]: blotches, each picture's of its own size, in any colours."""
    white = torch.randn(count, 3, INPUT_PX, INPUT_PX, generator=random)
    smooth = low_pass(white, uniform(count, random, 2.0, SHARPEST))
    return (smooth / smooth.std((1, 2, 3), keepdim=True) * 0.5).clamp(-1, 1)


def grained(images: Tensor, random: Generator) -> Tensor:
    """Other colours and some noise for any picture, so that neither tells a face."""
    count = len(images)
    hue = uniform(count, random, -0.5, 0.5) * (torch.rand(count, generator=random) < 0.25)
    factors = torch.stack(
        [*(uniform(count, random, 0.8, 1.2) for _ in range(2)), uniform(count, random, 0, 1.5), hue], 1
    )
    strength = GRAIN * torch.rand(count, generator=random).square()
    grain = torch.randn(images.shape, generator=random) * strength.view(-1, 1, 1, 1)
    return (jitter(images, factors) + grain).clamp(-1, 1)
