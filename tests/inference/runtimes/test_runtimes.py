import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from inference.export import Exported
from inference.feeds import Feed, joined
from inference.preparation import DialPreparation
from inference.preprocess import framed, from_tensor
from inference.protocol import FaceOptions, Style
from inference.runtimes import Generator
from inference.runtimes.openvino import OpenVinoGenerator
from inference.runtimes.torch import TorchGenerator
from tests.inference.drawing import disc

ROOT = Path(__file__).parents[3]


def inputs(count: int) -> Feed:
    return {"image": np.random.default_rng(count).uniform(-1, 1, (count, 3, 16, 16)).astype(np.float32)}


def shown(*seeds: int | None, style: Style = Style.REAL) -> Feed:
    """What the dial network is fed of a red disc, once for each seed."""
    film = [framed(disc())]
    return joined([DialPreparation().first(film, [0], FaceOptions(style, seed=seed)) for seed in seeds])


def psnr_db(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> float:
    difference = np.clip(ours, -1, 1).astype(float) - np.clip(theirs, -1, 1)
    return float(10 * np.log10(4 / np.mean(difference**2)))


@pytest.fixture(scope="module")
def openvino_f32(exported: Exported) -> OpenVinoGenerator:
    return OpenVinoGenerator(exported.path, precision="f32")


@pytest.fixture(scope="module")
def torch_f32(exported: Exported) -> TorchGenerator:
    return TorchGenerator(exported.path)


def test_openvino_in_f32_draws_what_torch_draws_within_one_level(
    openvino_f32: OpenVinoGenerator, torch_f32: TorchGenerator
) -> None:
    ours, theirs = from_tensor(openvino_f32(inputs(5))), from_tensor(torch_f32(inputs(5)))
    assert theirs.std() > 30  # a picture, not a grey area that anything would match
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_the_default_precision_stays_above_38_db(exported: Exported, openvino_f32: OpenVinoGenerator) -> None:
    default = OpenVinoGenerator(exported.path)
    assert psnr_db(default(inputs(6)), openvino_f32(inputs(6))) >= 38


def test_the_precision_in_use_is_known(exported: Exported, openvino_f32: OpenVinoGenerator) -> None:
    assert openvino_f32.precision == "f32"
    assert OpenVinoGenerator(exported.path).precision in {"f32", "bf16", "f16"}  # depends on the CPU


@pytest.mark.parametrize("count", [1, 3, 8, 13, 35])
@pytest.mark.parametrize("runtime", ["openvino_f32", "torch_f32"])
def test_every_picture_of_a_batch_is_drawn_as_if_alone(
    runtime: str, count: int, request: pytest.FixtureRequest
) -> None:
    generator: Generator = request.getfixturevalue(runtime)
    feed = inputs(count)
    together = generator(feed)
    assert together.shape == (count, 3, 128, 128)
    assert together.dtype == np.float32
    for at in {0, count // 2, count - 1}:
        assert np.allclose(together[at], generator({"image": feed["image"][at : at + 1]})[0], atol=1e-4)


def test_an_earlier_answer_does_not_change_when_the_network_runs_again(openvino_f32: OpenVinoGenerator) -> None:
    first = openvino_f32(inputs(1))
    kept = first.copy()
    openvino_f32({"image": -inputs(1)["image"]})
    assert np.array_equal(first, kept)


def test_a_number_of_threads_can_be_asked_for(exported: Exported) -> None:
    generator = OpenVinoGenerator(exported.path, threads=1)
    assert generator(inputs(2)).shape == (2, 3, 128, 128)


def test_serving_needs_no_torch_and_reports_nothing_to_anybody(exported: Exported, tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["torch"] = sys.modules["onnx"] = None  # as if they were not installed
import numpy
import inference.pipeline
from inference.runtimes.openvino import OpenVinoGenerator
faces = OpenVinoGenerator({str(exported.path)!r})({{'image': numpy.zeros((1, 3, 16, 16), numpy.float32)}})
assert faces.shape == (1, 3, 128, 128), faces.shape
assert not any(name.startswith("openvino_telemetry") for name in sys.modules)
assert "openvino.tools.ovc" not in sys.modules
"""
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def dial_openvino(exported_dial: Exported) -> OpenVinoGenerator:
    return OpenVinoGenerator(exported_dial.path, precision="f32")


@pytest.fixture(scope="module")
def dial_torch(exported_dial: Exported) -> TorchGenerator:
    return TorchGenerator(exported_dial.path)


def test_the_same_seed_gives_the_same_face_on_both_runtimes_and_another_a_visibly_other_one(
    dial_openvino: OpenVinoGenerator, dial_torch: TorchGenerator
) -> None:
    feed = shown(7, 8, 7)
    ours, theirs = dial_openvino(feed), dial_torch(feed)
    assert ours.shape == (3, 3, 256, 256)
    assert np.abs(ours - theirs).max() < 1e-3
    assert ours.std() > 0.1
    assert np.abs(ours[0] - ours[2]).max() < 1e-3
    assert np.abs(ours[0] - ours[1]).mean() > 0.02


def test_the_dial_turns_faces_on_both_runtimes(dial_openvino: OpenVinoGenerator, dial_torch: TorchGenerator) -> None:
    for generator in (dial_openvino, dial_torch):
        real, cursed = (generator(shown(7, style=style)) for style in (Style.REAL, Style.CURSED))
        assert np.abs(real - cursed).mean() > 0.02


def test_the_dial_in_the_default_precision_stays_above_38_db(
    exported_dial: Exported, dial_openvino: OpenVinoGenerator
) -> None:
    feed = shown(1, 2)
    assert psnr_db(OpenVinoGenerator(exported_dial.path)(feed), dial_openvino(feed)) >= 38


@pytest.mark.parametrize("runtime", ["dial_openvino", "dial_torch"])
def test_every_dial_picture_of_a_batch_is_drawn_as_if_alone(runtime: str, request: pytest.FixtureRequest) -> None:
    generator: Generator = request.getfixturevalue(runtime)
    together = generator(shown(1, 2, 3))
    for at, seed in enumerate((1, 2, 3)):
        assert np.allclose(together[at], generator(shown(seed))[0], atol=1e-4)


@pytest.mark.parametrize("runtime", ["openvino_f32", "torch_f32", "dial_openvino", "dial_torch"])
def test_the_feed_of_another_network_is_refused(runtime: str, request: pytest.FixtureRequest) -> None:
    generator: Generator = request.getfixturevalue(runtime)
    with pytest.raises(ValueError, match="this network takes"):
        generator(inputs(1) if runtime.startswith("dial") else shown(1))
    with pytest.raises(ValueError, match="this network takes"):
        generator({"picture": inputs(1)["image"]})
