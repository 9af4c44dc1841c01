from functools import partial
from pathlib import Path

import pytest

from config.settings import InferenceSettings, load_settings
from inference import served
from inference.export import Exported
from inference.protocol import Style
from inference.served import served_model_ids
from inference.weights import WeightsMissing, shipped, shipped_styles


def settings(runtime: str) -> InferenceSettings:
    return load_settings().inference.model_copy(update={"runtime": runtime})


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "shipped", partial(shipped, folder=folder))
    monkeypatch.setattr(served, "shipped_styles", partial(shipped_styles, folder=folder))


@pytest.mark.parametrize("runtime", ["auto", "openvino", "torch"])
def test_every_runtime_serves_the_shipped_weights(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    install(exported.path.parent, monkeypatch)
    assert served_model_ids(settings(runtime)) == {Style.CLASSIC: exported.model_id}


def test_a_factory_is_its_own_model_id_and_needs_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)
    assert served_model_ids(settings("some.module:thing")) == dict.fromkeys(Style, "some.module:thing")


def test_missing_weights_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)
    with pytest.raises(WeightsMissing):
        served_model_ids(settings("auto"))
