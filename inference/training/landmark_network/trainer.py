"""One training run of the landmark network, on the CPU; a quarter of an hour is enough."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator
from torch.nn import functional

from inference.networks.landmarks import LandmarkNetwork
from inference.training.landmark_network.examples import LandmarkExamples

BATCH = 32
LEARNING_RATE = 2e-3
WARM_UP = 50
"""Steps to the full learning rate, which then falls like a cosine to nothing."""
AVERAGED = 0.99
"""What a weight of the moving average keeps with each step."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is. `loss` is the cross entropy of the last batch."""

    pictures: int
    loss: float


class LandmarkTrainer:
    """`network` is being trained, `average` is what to keep of it."""

    def __init__(self, examples: LandmarkExamples, pictures: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.network, self.average = LandmarkNetwork(), LandmarkNetwork()
        self.average.load_state_dict(self.network.state_dict())
        for network in (self.network, self.average):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self._examples = examples
        self._seed = seed
        self._steps = -(-pictures // BATCH)
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)

    def run(self) -> Iterator[Progress]:
        """Train, batch by batch."""
        for step in range(self._steps):
            random = Generator().manual_seed(self._seed * 2**32 + step)
            batch = self._examples.draw(BATCH, random)
            for group in self._optimiser.param_groups:
                group["lr"] = LEARNING_RATE * _rate(step, self._steps)
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.network.logits(batch.images.contiguous(memory_format=torch.channels_last))
            loss = functional.binary_cross_entropy_with_logits(logits.float(), batch.heatmaps)
            self._optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            self._optimiser.step()
            self._update_average(step)
            yield Progress((step + 1) * BATCH, float(loss.detach()))

    @torch.no_grad()
    def _update_average(self, step: int) -> None:
        decay = min(AVERAGED, step / (step + 10))
        for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)


def _rate(step: int, steps: int) -> float:
    return min((step + 1) / WARM_UP, (1 + math.cos(math.pi * step / steps)) / 2)
