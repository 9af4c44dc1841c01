"""What the steps of every trainer are made of."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import torch
from torch import Generator, Tensor, nn

FAR_APART = 2_654_435_761
"""2**32 divided by the golden ratio."""

N = TypeVar("N", bound=nn.Module)


class Part(Protocol):
    """A network or an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: dict[str, Any]) -> Any: ...


class TrainingDiverged(Exception):
    """A loss is no longer a finite number."""


def states(parts: Mapping[str, Part]) -> dict[str, Any]:
    """What `restore` takes, by name."""
    return {name: part.state_dict() for name, part in parts.items()}


def restore(parts: Mapping[str, Part], state: Mapping[str, Any]) -> None:
    """Bring every part back to what it was."""
    for name, part in parts.items():
        part.load_state_dict(state[name])


def channels_last(network: N) -> N:
    """The network, its convolutions' weights laid out as oneDNN and cuDNN like them best."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def stream(seed: int, number: int) -> Generator:
    """Randomness of its own for every batch, so that a resumed run draws what an unbroken one would.

    torch looks at 32 bits of a seed only; seeds are far apart in these, and batches next to each other.
    """
    return Generator().manual_seed((seed * FAR_APART + number) % 2**32)


@contextmanager
def one_thread() -> Iterator[None]:
    """While inside, torch computes in one thread: many small operations go quicker so while others use the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Choose the learning rate of the next steps."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimiser."""
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimiser.step()


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, steps: int, half_life_steps: float) -> None:
    """Move averaged parameters towards the network's; the first of all steps count more, so that no start lingers."""
    decay = min(0.5 ** (1 / half_life_steps), steps / (steps + 10))
    for averaged, new in zip(average.parameters(), network.parameters(), strict=True):
        averaged.lerp_(new, 1 - decay)


def finite(measured: Mapping[str, Tensor], pictures_seen: int) -> dict[str, float]:
    """Scalars on any device -> numbers, waiting for the device once."""
    numbers = dict(zip(measured, torch.stack(list(measured.values())).tolist(), strict=True))
    if not all(map(math.isfinite, numbers.values())):
        raise TrainingDiverged(f"after {pictures_seen} pictures: {numbers}")
    return numbers
