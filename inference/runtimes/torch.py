"""The networks in torch, for GPUs. The weights are read from the same ONNX file as every other runtime's."""

from pathlib import Path

import numpy as np
import torch

from inference.feeds import Feed, Floats, pieces
from inference.networks.dial import DialGenerator
from inference.networks.landmarks import LandmarkNetwork
from inference.networks.serving import ServingGenerator
from inference.onnx_weights import OnnxWeights, onnx_weights
from inference.weights import LANDMARKS

LARGEST_BATCH = 32


class TorchGenerator:
    """An exported network on the first CUDA device, else on the CPU; float32 throughout."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """`threads=0` leaves the number of CPU threads to torch."""
        if threads:
            torch.set_num_threads(threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        weights = onnx_weights(path)
        self._inputs = set(weights.inputs)
        self._network = serving_network(weights).to(self.device)

    @torch.inference_mode()
    def __call__(self, feed: Feed, /) -> Floats:
        """See `inference.runtimes.Generator`."""
        if feed.keys() != self._inputs:
            raise ValueError(f"this network takes {sorted(self._inputs)}, not {sorted(feed)}")
        return np.concatenate([self._drawn(piece) for piece in pieces(feed, (LARGEST_BATCH,))])

    def _drawn(self, piece: Feed) -> Floats:
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in piece.items()}
        faces: Floats = self._network(**{name: each.to(self.device) for name, each in tensors.items()}).cpu().numpy()
        return faces


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
