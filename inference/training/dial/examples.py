"""What a batch is made of: faces and their disguises, and emoji that nobody knows the face of."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from inference.training.augment import Sampling, random_views
from inference.training.dial.disguise import disguised
from inference.training.dial.drawn import Drawn
from inference.training.faces import Faces, held_out
from inference.training.skin import even_shares, skin_lightness

FACES = Sampling(sides=(0.64, 0.92), jittered_share=0.0)
"""Emotes fill their frame; and what is seen in them shall have a person's own colours."""


@dataclass(frozen=True, slots=True)
class Batch:
    """faces: (N, 3, P, P), real people. inputs: (N, 3, 64, 64), the first `pairs` of them disguised, the rest emoji.

    Each emoji is there twice, one after the other: with two latents it shall become two people. All in [-1, 1];
    landmarks: (N, 25, 2), 0..1 of the side, of the faces.
    """

    faces: Tensor
    landmarks: Tensor
    inputs: Tensor
    pairs: int

    def to(self, device: torch.device) -> "Batch":
        """The same on another device; from pinned memory without waiting for it."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> "Batch":
        """The same in memory that a GPU reads by itself."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(change(self.faces), change(self.landmarks), change(self.inputs), self.pairs)


class BatchMaker:
    """Draws batches from the training faces, never from those held out, dark and light skin as often as any other."""

    def __init__(self, faces: Faces, drawn: Drawn, drawn_share: float) -> None:
        self._faces = faces
        self._drawn = drawn
        self._drawn_share = drawn_share
        self._indices, _ = held_out(len(faces))
        shares = even_shares(skin_lightness(faces)[self._indices])
        self._shares = torch.from_numpy(shares)

    def draw(self, count: int, side_px: int, random: Generator) -> Batch:
        """A batch; the same state of `random` draws the same one."""
        chosen = torch.multinomial(self._shares, count, replacement=True, generator=random).numpy()
        views = random_views(self._faces, self._indices[chosen], FACES, random, side_px)
        twins = round(count * self._drawn_share / 2)
        targets, inputs = disguised(views, random)
        pairs = count - 2 * twins
        if twins:
            inputs = torch.cat([inputs[:pairs], self._drawn.draw(twins, random).repeat_interleave(2, 0)])
        return Batch(targets, views.landmarks, inputs, pairs)
