"""A network's work on a GPU, recorded once for a batch size and played again for every batch (a CUDA graph).

Playing is one call, where running layer by layer would keep a small network waiting for Python.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from inference.feeds import Feed, Floats

WARM_UPS = 3
"""Runs before the recording, in which libraries choose kernels and take memory; a recording must do neither."""


class InBfloat16(nn.Module):
    """Takes and gives float32, computes in bfloat16, pictures with their channels last."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        halved = network.to(torch.bfloat16)
        self.network = halved.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's stubs

    def forward(self, **inputs: Tensor) -> Tensor:
        """The network's inputs by name -> (N, 3, P, P) float32."""
        faces: Tensor = self.network(**{name: each.to(torch.bfloat16) for name, each in inputs.items()})
        return faces.float().contiguous()


class Recorded:
    """One batch size: fixed places on both sides for what comes and goes, and the recorded work between them."""

    @torch.inference_mode()
    def __init__(self, network: nn.Module, inputs: Mapping[str, tuple[int, ...]], size: int) -> None:
        """`inputs` are the shapes of one picture's inputs by name."""
        self._sent = {name: torch.ones(size, *shape).pin_memory() for name, shape in inputs.items()}
        self._inputs = {name: each.cuda() for name, each in self._sent.items()}
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                network(**self._inputs)
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output: Tensor = network(**self._inputs)
        self._faces = torch.empty(self._output.shape).pin_memory()

    @torch.inference_mode()
    def __call__(self, feed: Feed) -> Floats:
        """Exactly as many pictures as were recorded for; the answer is a copy."""
        for name, array in feed.items():
            self._sent[name].copy_(torch.from_numpy(array))
            self._inputs[name].copy_(self._sent[name], non_blocking=True)
        self._graph.replay()
        self._faces.copy_(self._output, non_blocking=True)
        torch.cuda.current_stream().synchronize()
        faces: Floats = self._faces.numpy().copy()
        return faces
