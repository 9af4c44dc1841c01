from pathlib import Path

import numpy as np
import openvino
import openvino.properties.hint as ov_hints
import pytest
from openvino import opset13 as ops

from inference.checkpoint import Checkpoint, CheckpointInfo
from inference.export import Exported, export
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.runtimes.int8 import quantise, ranges_in
from inference.runtimes.openvino import OpenVinoGenerator, core


def cut_values(low: float, high: float, values: list[float]) -> list[float]:
    """What a convolution by 1 makes of them."""
    image = ops.parameter([1, 1, 1, len(values)], np.float32)
    kernel = ops.convert(ops.constant(np.ones((1, 1, 1, 1), np.float16)), "f32")
    kernel.set_friendly_name("cast.only.weight")
    model = openvino.Model([ops.convolution(image, kernel, [1, 1], [0, 0], [0, 0], [1, 1])], [image], "one")
    quantise(model, {"only": (low, high)})
    compiled = core().compile_model(model, "CPU", {ov_hints.inference_precision(): "f32"})
    drawn: list[float] = compiled([np.array(values, np.float32).reshape(1, 1, 1, -1)])[0].reshape(-1).tolist()
    return drawn


def test_values_are_cut_to_256_levels_of_which_one_is_zero() -> None:
    low, nothing, between, high = cut_values(-1, 3, [-2, 0, 1.003, 5])
    assert nothing == 0
    assert between == pytest.approx(1.003, abs=4 / 255)
    assert low == pytest.approx(-1, abs=4 / 255)
    assert high == pytest.approx(3, abs=4 / 255)


def test_a_file_says_how_far_every_convolution_reaches(exported: Exported) -> None:
    ranges = ranges_in(core().read_model(exported.path))
    assert ranges.keys() >= {"entry", "blocks.0.first", "doublings.2", "to_rgb"}
    assert all(low <= 0 < high for low, high in ranges.values())


def test_a_file_without_ranges_is_served_in_floats(tmp_path: Path) -> None:
    checkpoint = Checkpoint(ClassicGenerator(16).eval(), CheckpointInfo(16, FULLY_GROWN, 0, {}))
    path = export(checkpoint, tmp_path / "classic.onnx").path
    assert ranges_in(core().read_model(path)) == {}
    assert OpenVinoGenerator(path).precision in {"f32", "bf16", "f16"}  # depends on the CPU
    with pytest.raises(ValueError, match="does not say how far"):
        OpenVinoGenerator(path, precision="int8")
