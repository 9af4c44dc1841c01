"""What takes part in a benchmark. Each engine travels to a process of its own and loads its network there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inference.feeds import Feed, Floats
from inference.preparation import Preparation
from inference.runtimes import Generator

if TYPE_CHECKING:  # what is not measured must not be loaded
    from inference.runtimes.openvino import Precision


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
    """An engine and its row in the report: `device` is what its peak is looked up by, `gflop` a picture's cost."""

    name: str
    device: str
    engine: Engine
    preparation: Preparation
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
        from inference.runtimes.openvino import OpenVinoGenerator

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
