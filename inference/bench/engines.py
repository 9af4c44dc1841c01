"""What takes part in a benchmark. Each engine travels to a process of its own and loads its network there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference.preprocess import Floats
from inference.runtimes import Feed, Generator
from inference.runtimes.openvino import OpenVinoGenerator, Precision

Shapes = Mapping[str, tuple[int, ...]]
"""What a network takes for one picture: the shape of each input, without the batch."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network ready to draw, and what it computes in: `f32`, `bf16`, …"""

    generator: Generator
    precision: str


class Engine(Protocol):
    """One way to run a network."""

    def load(self) -> Loaded:
        """Called once, in the process that is measured."""
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine with what the report says of it.

    `device` is "CPU", "GPU" or "CPU, AVX2 only"; `gflop` is what one picture costs, in 10^9 operations.
    """

    name: str
    device: str
    engine: Engine
    inputs: Shapes
    gflop: float

    @property
    def is_published(self) -> bool:
        return isinstance(self.engine, Published)


@dataclass(frozen=True, slots=True)
class Published:
    """Unfolded, eager, float32. The weights are random: they do not change how long it takes."""

    width: int
    device: str
    threads: int

    def load(self) -> Loaded:
        import torch

        from inference.networks.classic import ClassicGenerator

        if self.threads:
            torch.set_num_threads(self.threads)
        network = ClassicGenerator(self.width).eval().to(self.device)

        @torch.inference_mode()
        def draw(feed: Feed, /) -> Floats:
            faces: Floats = network(torch.from_numpy(feed["image"]).to(self.device)).cpu().numpy()
            return faces

        return Loaded(draw, "f32")


@dataclass(frozen=True, slots=True)
class Served:
    """The default runtime. `instructions` is the most that it may use of the CPU, such as "AVX2"; "" is all."""

    path: Path
    threads: int
    precision: Precision = "auto"
    instructions: str = ""

    def load(self) -> Loaded:
        if self.instructions:
            os.environ["ONEDNN_MAX_CPU_ISA"] = self.instructions  # read when the first network is compiled
        generator = OpenVinoGenerator(self.path, threads=self.threads, precision=self.precision)
        return Loaded(generator, generator.precision)


@dataclass(frozen=True, slots=True)
class ServedByTorch:
    """The GPU's runtime."""

    path: Path

    def load(self) -> Loaded:
        from inference.runtimes.torch import TorchGenerator

        generator = TorchGenerator(self.path)
        return Loaded(generator, generator.precision)
