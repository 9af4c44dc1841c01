"""The networks in torch, for GPUs. The weights are read from the same ONNX file as every other runtime's."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from inference.networks.serving import ServingGenerator

LARGEST_BATCH = 32


class TorchGenerator:
    """A ServingGenerator on the first CUDA device, else on the CPU; float32 throughout."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """`threads=0` leaves the number of CPU threads to torch."""
        if threads:
            torch.set_num_threads(threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = serving_network(path).to(self.device)

    @torch.inference_mode()
    def __call__(self, images: npt.NDArray[np.float32], /) -> npt.NDArray[np.float32]:
        """images: (N, 3, 16, 16) float32 in [-1, 1] -> (N, 3, 128, 128) float32."""
        pieces = torch.split(torch.from_numpy(np.ascontiguousarray(images)), LARGEST_BATCH)
        faces: npt.NDArray[np.float32] = torch.cat(
            [self._network(piece.to(self.device)).cpu() for piece in pieces]
        ).numpy()
        return faces


def serving_network(path: Path) -> ServingGenerator:
    """The folded network with the weights of an exported file, whose initialisers bear the module's own names."""
    graph = onnx.load(path).graph
    state = {
        initializer.name: torch.from_numpy(onnx.numpy_helper.to_array(initializer).astype(np.float32))
        for initializer in graph.initializer
    }
    network = ServingGenerator(width=state["entry.weight"].shape[0])
    network.load_state_dict(state, strict=True)
    return network.eval()
