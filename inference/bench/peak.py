"""What the machine can do at most: the fastest of many matrix multiplications, in 10^9 operations a second."""

import time
from collections.abc import Callable

import numpy as np
import openvino
import openvino.properties as ov_properties
import openvino.properties.hint as ov_hints
from openvino import opset13 as ops

from inference.runtimes.openvino import core

SIDES = (256, 512, 1024)
"""Of the matrices: the smallest fit into the fastest caches, the largest keep every thread busy."""
CPU_PRECISIONS = ("f32", "bf16", "int8")
GPU_SIDE = 8192


def cpu_peaks(threads: int, seconds: float) -> dict[str, float]:
    """By precision: the best of all sizes, each tried for `seconds`; in OpenVINO, where torch reaches far less.

    A CPU without bfloat16 multiplies in float32 instead.
    """
    return {
        precision: max(_rate(_multiplication(side, precision, threads), side, seconds) for side in SIDES)
        for precision in CPU_PRECISIONS
    }


def gpu_peak(seconds: float) -> float:
    """Of the first CUDA device, in bfloat16."""
    import torch

    left = torch.ones(GPU_SIDE, GPU_SIDE, dtype=torch.bfloat16, device="cuda")

    def multiply() -> None:
        torch.mm(left, left)
        torch.cuda.synchronize()

    return _rate(multiply, GPU_SIDE, seconds)


def _rate(multiply: Callable[[], object], side: int, seconds: float) -> float:
    times_s: list[float] = []
    multiply()
    while sum(times_s) < seconds:
        began = time.perf_counter()
        multiply()
        times_s.append(time.perf_counter() - began)
    return 2 * side**3 / min(times_s) / 1e9


def _multiplication(side: int, precision: str, threads: int) -> Callable[[], object]:
    """A matrix by a constant one, as in a layer of a network."""
    matrix = np.random.default_rng(0).uniform(-1, 1, (side, side)).astype(np.float32)
    taken = ops.parameter([side, side], np.float32)
    left, right = taken, ops.constant(matrix)
    if precision == "int8":
        left, right = _in_int8(left), _in_int8(right)
    config = {
        ov_hints.performance_mode(): ov_hints.PerformanceMode.LATENCY,
        ov_hints.inference_precision(): "bf16" if precision == "bf16" else "f32",
        ov_properties.inference_num_threads(): threads,
    }
    model = openvino.Model([ops.matmul(left, right, False, False)], [taken], "multiplication")
    request = core().compile_model(model, "CPU", config).create_infer_request()
    return lambda: request.infer([matrix], share_inputs=True, share_outputs=True)


def _in_int8(values: openvino.Node) -> openvino.Node:
    """256 levels within [-1, 1]: the runtime's sign to compute in whole numbers."""
    low, high = ops.constant(np.float32(-1)), ops.constant(np.float32(127 / 128))
    return ops.fake_quantize(values, low, high, low, high, 256)
