"""What the machine can do at most: the fastest of many matrix multiplications, in 10^9 operations a second."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import openvino
import openvino.properties as ov_properties
import openvino.properties.hint as ov_hints
from openvino import opset13 as ops

from inference.runtimes.openvino import core

SIDES = (256, 512, 1024)
"""Of the matrices: the smallest fit into the fastest cache, the largest keep every thread busy."""
PRECISIONS = ("f32", "bf16", "int8")
GPU_SIDE = 8192


def cpu_peaks(threads: int, seconds: float) -> dict[str, float]:
    """By precision, over all sizes, each tried for `seconds`; a precision the CPU lacks is left out.

    In OpenVINO: torch multiplies matrices at a third of what its convolutions reach.
    """
    return {
        precision: max(_cpu_peak(side, precision, threads, seconds) for side in SIDES)
        for precision in PRECISIONS
        if precision in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") + ["f32", "bf16", "int8"]
    }
