"""What a batch is made of: photographs, and photographs made to look like emotes."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from inference.training.augment import EMOTES, PHOTOGRAPHS, Sampling, Views, network_inputs, random_views, soften
from inference.training.emote_like import emote_like
from inference.training.faces import Faces, held_out


@dataclass(frozen=True, slots=True)
class Examples:
    """inputs: (N, 3, 16, 16) and targets: (N, 3, 128, 128), both in [-1, 1]; landmarks: (N, 25, 2), 0..1."""

    inputs: Tensor
    targets: Tensor
    landmarks: Tensor

    def to(self, device: torch.device) -> "Examples":
        """The same on another device, pictures with channels last in memory."""
        layout = torch.channels_last
        return Examples(
            self.inputs.to(device, memory_format=layout),
            self.targets.to(device, memory_format=layout),
            self.landmarks.to(device),
        )


class ExampleMaker:
    """Draws batches from the training faces, never from those held out."""

    def __init__(self, faces: Faces, emote_share: float) -> None:
        self._faces = faces
        self._indices, _ = held_out(len(faces))
        self._emote_share = emote_share

    def draw(self, count: int, random: Generator) -> Examples:
        """A batch; the same state of `random` draws the same one."""
        emotes = round(count * self._emote_share)
        inputs, targets, landmarks = [], [], []
        if photographs := count - emotes:
            views = self._views(photographs, PHOTOGRAPHS, random)
            inputs.append(network_inputs(views.faces))
            targets.append(views.faces)
            landmarks.append(views.landmarks)
        if emotes:
            views = self._views(emotes, EMOTES, random)
            disguised, seen = emote_like(views, random)
            inputs.append(seen)
            targets.append(disguised)
            landmarks.append(views.landmarks)
        return Examples(soften(torch.cat(inputs), random), torch.cat(targets), torch.cat(landmarks))

    def _views(self, count: int, sampling: Sampling, random: Generator) -> Views:
        chosen = torch.randint(len(self._indices), (count,), generator=random).numpy()
        return random_views(self._faces, self._indices[chosen], sampling, random)
