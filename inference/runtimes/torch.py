"""The networks in torch, for GPUs. The weights are read from the same ONNX file as every other runtime's."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from inference.feeds import Feed, Floats, pieces, rows
from inference.networks.dial import DialGenerator
from inference.networks.landmarks import LandmarkNetwork
from inference.networks.serving import ServingGenerator
from inference.onnx_weights import OnnxWeights, onnx_weights
from inference.runtimes.recorded import InBfloat16, Recorded
from inference.weights import LANDMARKS

BUCKETS = (1, 2, 4, 8, 16, 32)
"""The batch sizes that reach the network: on a GPU the work of each is recorded when loading."""


def cap_gpu_memory(max_bytes: int) -> None:
    """Let this process take no more of the first GPU's memory; without one there is nothing to do."""
    if torch.cuda.is_available():
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, max_bytes / total))


class TorchGenerator:
    """An exported network: bfloat16 on the first CUDA device, where there is one, else float32 on the CPU."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """`threads=0` leaves the number of CPU threads to torch."""
        if threads:
            torch.set_num_threads(threads)
        weights = onnx_weights(path)
        self._inputs = weights.inputs
        network = serving_network(weights)
        if torch.cuda.is_available():
            self.precision, self._draw = "bf16", _recorded(network, weights.inputs)
        else:
            self.precision, self._draw = "f32", _plain(network)

    def __call__(self, feed: Feed, /) -> Floats:
        """See `inference.runtimes.Generator`."""
        if feed.keys() != self._inputs.keys():
            raise ValueError(f"this network takes {sorted(self._inputs)}, not {sorted(feed)}")
        return np.concatenate([self._draw(filled(piece))[: rows(piece)] for piece in pieces(feed, BUCKETS[-1:])])


def filled(feed: Feed) -> Feed:
    """1 to 32 pictures, repeating the last one until they are as many as the next bucket holds."""
    count = rows(feed)
    missing = next(size for size in BUCKETS if size >= count) - count
    return {
        name: np.ascontiguousarray(np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]), np.float32)
        for name, array in feed.items()
    }


def serving_network(weights: OnnxWeights) -> ServingGenerator | DialGenerator | LandmarkNetwork:
    """The network of an exported file, whose initialisers bear the module's own names."""
    network: ServingGenerator | DialGenerator | LandmarkNetwork
    if "cutoff" in weights.inputs:
        network = DialGenerator()
    elif weights.described.get("network") == LANDMARKS:
        network = LandmarkNetwork()
    else:
        network = ServingGenerator(width=weights.state["entry.weight"].shape[0])
    network.load_state_dict(weights.state, strict=True)
    return network.eval()


def _plain(network: nn.Module) -> Callable[[Feed], Floats]:
    @torch.inference_mode()
    def draw(feed: Feed) -> Floats:
        faces: Floats = network(**{name: torch.from_numpy(array) for name, array in feed.items()}).numpy()
        return faces

    return draw


def _recorded(network: nn.Module, inputs: Mapping[str, tuple[int, ...]]) -> Callable[[Feed], Floats]:
    torch.backends.cudnn.benchmark = True  # the shapes are few and come again: look for the fastest kernels
    network = InBfloat16(network).cuda()
    recorded = {size: Recorded(network, inputs, size) for size in BUCKETS}
    return lambda feed: recorded[rows(feed)](feed)
