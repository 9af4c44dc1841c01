import hashlib
import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import inference.export as export_module
from inference.__main__ import main
from inference.checkpoint import (
    Checkpoint,
    CheckpointError,
    CheckpointInfo,
    DialCheckpoint,
    DialInfo,
    load_checkpoint,
    load_dial,
    save_checkpoint,
)
from inference.export import Exported, export
from inference.export_command import mean
from inference.networks.classic import FULLY_GROWN, ClassicGenerator, Stage
from inference.networks.serving import fold
from inference.preprocess import from_tensor
from inference.protocol import Style
from inference.runtimes.openvino import OpenVinoGenerator
from inference.training.classic.batchnorm import recalibrate
from inference.weights import shipped, shipped_styles

WIDTH = 32


def pictures(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(5)) * 2 - 1


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.manual_seed(4)
    generator = ClassicGenerator(WIDTH)
    recalibrate(generator, [pictures(8)], FULLY_GROWN)
    return Checkpoint(generator, CheckpointInfo(WIDTH, FULLY_GROWN, pictures_seen=99, recipe={}))


@pytest.fixture(scope="module")
def exported(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(checkpoint, tmp_path_factory.mktemp("weights") / "classic.onnx").path


def test_openvino_draws_what_torch_draws_with_the_same_weights(exported: Path, checkpoint: Checkpoint) -> None:
    served = fold(checkpoint.generator).half().float()
    with torch.inference_mode():
        expected = from_tensor(served(pictures(3)).numpy())
    drawn = from_tensor(OpenVinoGenerator(exported, precision="f32")({"image": pictures(3).numpy()}))
    assert expected.std() > 10
    assert np.abs(drawn.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_pictures_goes_through_at_once(exported: Path, count: int) -> None:
    assert OpenVinoGenerator(exported)({"image": pictures(count).numpy()}).shape == (count, 3, 128, 128)


def test_weights_are_stored_in_half_precision_under_their_serving_names(exported: Path, checkpoint: Checkpoint) -> None:
    stored = {weight.name: weight for weight in onnx.load(exported).graph.initializer}
    expected = fold(checkpoint.generator).state_dict()
    assert stored.keys() == expected.keys()
    for name, tensor in expected.items():
        assert stored[name].data_type == onnx.TensorProto.FLOAT16
        assert np.array_equal(onnx.numpy_helper.to_array(stored[name]), tensor.numpy().astype(np.float16))


def test_the_file_says_what_it_is_and_nothing_of_where_it_was_made(exported: Path) -> None:
    model = onnx.load(exported)
    assert {prop.key: prop.value for prop in model.metadata_props} == {
        "network": "classic",
        "width": "32",
        "pictures_seen": "99",
        "preprocess_version": "1",
    }
    assert b".py" not in exported.read_bytes()


def test_exporting_twice_gives_the_same_file(exported: Path, checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert export(checkpoint, tmp_path / "again.onnx").path.read_bytes() == exported.read_bytes()


def test_the_manifest_lists_what_was_exported(exported: Path) -> None:
    sha256 = hashlib.sha256(exported.read_bytes()).hexdigest()
    assert json.loads((exported.parent / "manifest.json").read_text()) == {
        "classic": {
            "file": "classic.onnx",
            "sha256": sha256,
            "model_id": f"classic-w32-{sha256[:8]}",
            "input_px": 16,
            "output_px": 128,
        }
    }
    assert shipped("classic", exported.parent).path == exported


def test_other_styles_stay_in_the_manifest(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"cubist": {"file": "cubist.onnx"}}')
    export(checkpoint, tmp_path / "classic.onnx")
    listed = json.loads((tmp_path / "manifest.json").read_text())
    assert list(listed) == ["cubist", "classic"]
    assert listed["cubist"] == {"file": "cubist.onnx"}


def test_a_network_that_is_still_growing_is_not_exported(checkpoint: Checkpoint, tmp_path: Path) -> None:
    growing = CheckpointInfo(WIDTH, Stage(128, 0.5), pictures_seen=9, recipe={})
    with pytest.raises(CheckpointError, match="fully grown"):
        export(Checkpoint(checkpoint.generator, growing), tmp_path / "growing.onnx")


def test_a_file_too_large_to_ship_is_not_written(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "MAX_BYTES", 50_000)
    with pytest.raises(CheckpointError, match="more than 50000"):
        export(checkpoint, tmp_path / "wide.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_exports_and_keeps_a_trainable_copy(
    checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, onnx_file = tmp_path / "run.safetensors", tmp_path / "out" / "c.onnx"
    copy, card = tmp_path / "trainable" / "c.safetensors", tmp_path / "card.md"
    save_checkpoint(source, checkpoint.generator, checkpoint.info)
    card.write_text("<!-- begin: identity -->\n<!-- end: identity -->\n")
    assert main(["export", str(source), "-o", str(onnx_file), "--trainable", str(copy), "--card", str(card)]) == 0
    model_id = shipped("classic", onnx_file.parent).model_id
    assert model_id in capsys.readouterr().out
    assert f"| model id | {model_id} |" in card.read_text()
    assert "| pictures seen in training | 99 |" in card.read_text()
    assert load_checkpoint(copy).info == checkpoint.info


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken").write_bytes(b"no network")
    assert main(["export", str(tmp_path / "broken"), "-o", str(tmp_path / "c.onnx")]) == 1
    assert "broken: not a readable checkpoint" in capsys.readouterr().err


# -- the emote-native network ---------------------------------------------------------------------------------------


def test_the_dial_stores_its_weights_in_half_precision_under_their_own_names(
    exported_dial: Exported, dial: DialCheckpoint
) -> None:
    stored = {weight.name: weight for weight in onnx.load(exported_dial.path).graph.initializer}
    expected = dial.generator.state_dict()
    assert stored.keys() == expected.keys()
    for name, tensor in expected.items():
        assert stored[name].data_type == onnx.TensorProto.FLOAT16
        assert np.array_equal(onnx.numpy_helper.to_array(stored[name]), tensor.numpy().astype(np.float16))


def test_the_served_dial_can_be_trained_on(exported_dial: Exported, dial: DialCheckpoint) -> None:
    loaded = load_dial(exported_dial.path)
    assert loaded.info == DialInfo(pictures_seen=99, recipe={})
    for mine, theirs in zip(loaded.generator.parameters(), dial.generator.parameters(), strict=True):
        assert torch.equal(mine, theirs.half().float())
        assert mine.requires_grad


def test_the_dial_serves_two_styles_with_one_file(exported_dial: Exported) -> None:
    folder = exported_dial.path.parent
    entry = {
        "file": "dial.onnx",
        "sha256": hashlib.sha256(exported_dial.path.read_bytes()).hexdigest(),
        "model_id": f"dial-{exported_dial.sha256[:8]}",
        "input_px": 64,
        "output_px": 256,
    }
    assert json.loads((folder / "manifest.json").read_text()) == {"real": entry, "cursed": entry}
    assert shipped("real", folder) == shipped("cursed", folder)
    assert shipped_styles(folder) == (Style.REAL, Style.CURSED)


def test_the_dial_says_what_it_is_and_nothing_of_where_it_was_made(exported_dial: Exported) -> None:
    described = {prop.key: prop.value for prop in onnx.load(exported_dial.path).metadata_props}
    assert {"entry", "attentions.0.out", "fine.out"} <= json.loads(described.pop("ranges")).keys()
    assert described == {"network": "dial", "pictures_seen": "99", "preprocess_version": "1"}
    assert b".py" not in exported_dial.path.read_bytes()


def test_the_card_of_the_dial_says_which_weights_it_is_about(exported_dial: Exported) -> None:
    card = (exported_dial.path.parent / "card.md").read_text()
    assert f"| model id | {exported_dial.model_id} |" in card
    assert "| pictures seen in training | 99 |" in card
    assert "width" not in card


def test_of_several_checkpoints_the_mean_is_exported(dial: DialCheckpoint) -> None:
    """As many as there are count alike; what the last file says of itself stays."""
    checkpoints = []
    for number in (1, 2, 6):
        network = deepcopy(dial.generator)
        torch.nn.init.constant_(network.to_rgb[1].out.bias, float(number))
        checkpoints.append(DialCheckpoint(network, replace(dial.info, pictures_seen=number)))
    averaged = mean(checkpoints)
    assert averaged.generator.to_rgb[1].out.bias.tolist() == [3.0] * 3
    assert averaged.info.pictures_seen == 6


def test_different_networks_have_no_mean(checkpoint: Checkpoint, dial: DialCheckpoint) -> None:
    with pytest.raises(CheckpointError, match="one network"):
        mean([checkpoint, dial])
