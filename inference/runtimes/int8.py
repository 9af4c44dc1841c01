"""Convolutions in 8-bit integers, in files that say how far their inputs reach (see `inference.quantise`).

Nothing is stored in 8 bits: OpenVINO computes in them where it finds values cut to 256 levels.
"""

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import openvino
from openvino import opset13 as ops

RANGES = "ranges"
"""Where the file's metadata has them: a JSON object, lowest and highest input by the name of the convolution."""

_OUTPUT_AXIS = {"Convolution": 0, "ConvolutionBackpropData": 1}


def ranges_in(model: openvino.Model) -> Mapping[str, tuple[float, float]]:
    """Empty when the file has none."""
    described = model.rt_info["framework"] if model.has_rt_info("framework") else {}
    return dict(json.loads(described[RANGES].value)) if RANGES in described else {}


def quantise(model: openvino.Model, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Cut inputs and weights of the named convolutions to 256 levels, in place."""
    for node in model.get_ordered_ops():
        if node.get_type_name() not in _OUTPUT_AXIS:
            continue
        name = node.input_value(1).get_node().get_friendly_name().removeprefix("cast.").removesuffix(".weight")
        if name in ranges:
            _cut_inputs(node.input_value(0), *ranges[name])
            _cut_weights(node)


def _cut_inputs(source: openvino.Output, low: float, high: float) -> None:
    """Everything that takes these values takes them cut: a sum after a convolution is then done in 8 bits, too.

    One of the levels is exactly 0, as the border of a picture is.
    """
    if source.get_node().get_type_name() == "FakeQuantize":
        return
    step = (high - low) / 255
    below = round(-low / step)
    takers = list(source.get_target_inputs())
    ends = [ops.constant(np.float32(end * step)) for end in (-below, 255 - below)]
    cut = ops.fake_quantize(source, *ends, *ends, 256)
    for taker in takers:
        taker.replace_source_output(cut.output(0))


def _cut_weights(node: openvino.Node) -> None:
    """One range per output channel, of which only the inner half is used: weights are -64 to 64.

    Processors with AVX2 but without VNNI add two products in 16 bits, which overflow with the full range (24 dB).
    """
    weights = node.input_value(1)
    values: npt.NDArray[np.float32] = weights.get_node().input_value(0).get_node().get_data().astype(np.float32)
    others = tuple(axis for axis in range(values.ndim) if axis != _OUTPUT_AXIS[node.get_type_name()])
    reach = np.float32(127 / 64) * np.abs(values).max(axis=others, keepdims=True) + np.float32(1e-9)
    low, high = ops.constant(-reach), ops.constant(reach)
    cut = ops.fake_quantize(weights, low, high, low, high, 255)
    node.input(1).replace_source_output(cut.output(0))
