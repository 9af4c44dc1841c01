import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from config.settings import InferenceSettings, load_settings
from inference import runtimes
from inference.export import Exported
from inference.runtimes import load_generator
from inference.runtimes.openvino import OpenVinoGenerator
from inference.runtimes.torch import TorchGenerator
from inference.weights import WeightsMissing, shipped


@pytest.fixture
def installed(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Exported:
    monkeypatch.setattr(runtimes, "shipped", partial(shipped, folder=exported.path.parent))
    return exported


def settings(runtime: str) -> InferenceSettings:
    return load_settings().inference.model_copy(update={"runtime": runtime, "threads": 1})


def make_generator() -> SimpleNamespace:
    return SimpleNamespace(made=True)


@pytest.mark.parametrize("gpu", [False, True])
def test_auto_is_torch_on_a_gpu_and_else_openvino(
    installed: Exported, monkeypatch: pytest.MonkeyPatch, gpu: bool
) -> None:
    monkeypatch.setattr(runtimes, "gpu_ready", lambda: gpu)
    assert isinstance(load_generator(settings("auto")), TorchGenerator if gpu else OpenVinoGenerator)


@pytest.mark.parametrize(("runtime", "kind"), [("openvino", OpenVinoGenerator), ("torch", TorchGenerator)])
def test_a_runtime_that_is_named_is_taken_with_and_without_a_gpu(
    installed: Exported, monkeypatch: pytest.MonkeyPatch, runtime: str, kind: type
) -> None:
    for gpu in (False, True):
        monkeypatch.setattr(runtimes, "gpu_ready", lambda gpu=gpu: gpu)
        assert isinstance(load_generator(settings(runtime)), kind)


def test_without_a_driver_torch_is_not_even_imported() -> None:
    program = """
import sys
from inference import runtimes
runtimes._driver_installed = lambda: False
assert not runtimes.gpu_ready()
assert "torch" not in sys.modules
runtimes._driver_installed = lambda: True
sys.modules["torch"] = None  # as if it were not installed
assert not runtimes.gpu_ready()
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_torch_has_the_last_word_where_a_driver_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "_driver_installed", lambda: True)
    assert runtimes.gpu_ready() is torch.cuda.is_available()


def test_torch_loads_the_same_weights_into_torch(installed: Exported) -> None:
    generator = load_generator(settings("torch"))
    assert isinstance(generator, TorchGenerator)
    assert generator({"image": np.zeros((1, 3, 16, 16), np.float32)}).shape == (1, 3, 128, 128)


def test_a_module_and_attribute_name_a_factory_that_is_called() -> None:
    assert load_generator(settings(f"{__name__}:make_generator")) == SimpleNamespace(made=True)


def test_missing_weights_are_said_before_anything_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "shipped", partial(shipped, folder=tmp_path_factory.mktemp("empty")))
    for runtime in ("auto", "openvino", "torch"):
        with pytest.raises(WeightsMissing):
            load_generator(settings(runtime))
