from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

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


def test_auto_and_openvino_load_the_shipped_weights_into_openvino(installed: Exported) -> None:
    assert isinstance(load_generator(settings("auto")), OpenVinoGenerator)
    assert isinstance(load_generator(settings("openvino")), OpenVinoGenerator)


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
