"""Who takes part: each shipped network in each runtime that this machine has, and the network as published."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from inference.bench.engines import Contender, Engine, Published, Served, ServedByTorch
from inference.feeds import Feed
from inference.networks.classic import PUBLISHED_WIDTH, ClassicGenerator
from inference.onnx_weights import onnx_weights
from inference.preparation import PREPARATIONS, ClassicPreparation
from inference.protocol import Style
from inference.runtimes.int8 import RANGES
from inference.runtimes.openvino import Precision
from inference.runtimes.torch import serving_network
from inference.weights import shipped

NO_AVX512 = "AVX2"


def lineup(styles: Sequence[Style], threads: int = 0) -> list[Contender]:
    """The published network at its own width and at the shipped one, then the shipped networks."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    widths = {PUBLISHED_WIDTH, *(shipped_width(shipped(style).path) for style in styles if style is Style.CLASSIC)}
    published = [_published(width, device, threads) for device in devices for width in sorted(widths, reverse=True)]
    names: dict[Path, list[Style]] = {}
    for style in styles:
        names.setdefault(shipped(style).path, []).append(style)
    return [*published, *(row for path, alike in names.items() for row in _served(path, alike, devices, threads))]


def shipped_width(path: Path) -> int:
    """The channel count of an exported classic network, from its first convolution."""
    return int(onnx_weights(path).state["entry.weight"].shape[0])


def gflop(network: nn.Module, feed: Feed) -> float:
    """10^9 operations, a multiplication and an addition counted as two; those of convolutions, layers and attention."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(**{name: torch.from_numpy(array) for name, array in feed.items()})
    return float(counter.get_total_flops()) / 1e9


def _published(width: int, device: str, threads: int) -> Contender:
    name = f"published w{width}" + (", GPU" if device == "cuda" else "")
    cost = gflop(ClassicGenerator(width).eval(), ClassicPreparation().blank(1))
    return Contender(name, device, Published(width, device, threads), ClassicPreparation(), cost)


def _served(path: Path, styles: Sequence[Style], devices: Sequence[str], threads: int) -> list[Contender]:
    """As it is by default, in what else it could be, and with no more than AVX2; on a GPU where there is one."""
    weights, preparation = onnx_weights(path), PREPARATIONS[styles[0]]()
    cost = gflop(serving_network(weights), preparation.blank(1))
    name = ", ".join(styles)
    quantised = RANGES in weights.described
    others: Sequence[Precision] = ("bf16", "f32") if quantised else ("f32",)
    rows: list[tuple[str, str, Engine]] = [(name, "cpu", Served(path, threads))]
    rows += [(f"{name}, {precision}", "cpu", Served(path, threads, precision)) for precision in others]
    oldest = Served(path, threads, "int8" if quantised else "f32", NO_AVX512)
    rows.append((f"{name}, {NO_AVX512} only", NO_AVX512, oldest))
    if "cuda" in devices:
        rows.append((f"{name}, GPU", "cuda", ServedByTorch(path)))
    return [Contender(row, device, engine, preparation, cost) for row, device, engine in rows]
