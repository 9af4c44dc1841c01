"""The networks on the CPU, without torch."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from inference.feeds import Feed, Floats, pieces

Precision = Literal["auto", "f32", "bf16"]
PIECES = (8, 4, 2, 1)
"""The batch sizes that reach the network. It builds kernels for every new size, for several times what a picture costs,
and gains nothing above 8."""

_CONVERTER = "openvino.tools.ovc"


@contextmanager
def _without_converter() -> Iterator[None]:
    """Import openvino without its model converter, as if that were not installed.

    The converter is what reports every import to its makers and writes a client id into the home directory; it has no
    switch for that, and it also takes most of the time and memory of the import.
    """
    if "openvino" in sys.modules or _CONVERTER in sys.modules:
        yield
        return
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # the import system's way to say "not there"
    try:
        yield
    finally:
        del sys.modules[_CONVERTER]


with _without_converter():
    import openvino
    import openvino.properties as ov_properties
    import openvino.properties.hint as ov_hints


@cache
def core() -> openvino.Core:
    """The one Core of this process.

    Each Core gives its thread a signal stack of its own and takes it away again when it goes. Where several go in
    another order than they came, a freed stack stays in use, and the next signal kills the process (seen with 2026.4).
    """
    return openvino.Core()


class OpenVinoGenerator:
    """A compiled ONNX file. `precision="auto"` is bfloat16 where the CPU computes in it natively, else float32."""

    def __init__(self, path: Path, *, threads: int = 0, precision: Precision = "auto") -> None:
        """`threads=0` leaves the number to the runtime."""
        config = {ov_hints.performance_mode(): ov_hints.PerformanceMode.LATENCY}
        if precision != "auto":
            config[ov_hints.inference_precision()] = precision
        if threads:
            config[ov_properties.inference_num_threads()] = threads
        # No compiled-model cache: it would save 0.1 s a start and cost as much disk as the network.
        self._compiled = core().compile_model(path, "CPU", config)
        self._request = self._compiled.create_infer_request()
        self._inputs = {each.any_name for each in self._compiled.inputs}

    @property
    def precision(self) -> str:
        """What the arithmetic is done in, as the runtime names it: `f32`, `bf16`, …"""
        return str(self._compiled.get_property(ov_hints.inference_precision()).to_string())

    def __call__(self, feed: Feed, /) -> Floats:
        """See `inference.runtimes.Generator`."""
        if feed.keys() != self._inputs:
            raise ValueError(f"this network takes {sorted(self._inputs)}, not {sorted(feed)}")
        return np.concatenate([self._drawn(piece) for piece in pieces(feed, PIECES)])

    def _drawn(self, piece: Feed) -> Floats:
        arrays = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in piece.items()}
        outputs = self._request.infer(arrays, share_inputs=True)  # outputs are copies: the request is used again
        drawn: Floats = outputs[0]
        return drawn
