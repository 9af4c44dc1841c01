import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from inference.protocol import Style
from inference.weights import ShippedModel, WeightsMissing, shipped, shipped_styles


def weights_folder(folder: Path, **changes: object) -> Path:
    content = b"not really a network"
    entry = {
        "file": "classic.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "model_id": "classic-w8-0123",
        "input_px": 16,
        "output_px": 128,
    }
    (folder / "classic.onnx").write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps({"classic": entry | changes}))
    return folder


def test_the_manifest_says_which_file_serves_a_style(tmp_path: Path) -> None:
    expected = ShippedModel(tmp_path / "classic.onnx", "classic-w8-0123", input_px=16, output_px=128)
    assert shipped("classic", weights_folder(tmp_path)) == expected


def test_a_folder_without_weights_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"no weights are installed.*python -m inference export"):
        shipped("classic", tmp_path)


def test_an_unknown_style_has_no_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="no usable entry for 'cubist'"):
        shipped("cubist", weights_folder(tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"gone\.onnx is missing"):
        shipped("classic", weights_folder(tmp_path, file="gone.onnx"))


def test_a_changed_file_is_not_used(tmp_path: Path) -> None:
    (weights_folder(tmp_path) / "classic.onnx").write_bytes(b"something else")
    with pytest.raises(WeightsMissing, match="damaged"):
        shipped("classic", tmp_path)


@pytest.mark.parametrize("manifest", ["", "[]", '{"classic": 5}', '{"classic": {"file": "classic.onnx"}}'])
def test_a_damaged_manifest_is_an_error_of_ours(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(WeightsMissing, match=r"no usable entry|manifest\.json is damaged"):
        shipped("classic", tmp_path)


def test_the_styles_served_are_those_of_the_manifest_that_this_program_knows(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"real": {}, "cubist": {}, "classic": {}}')
    assert shipped_styles(tmp_path) == (Style.CLASSIC, Style.REAL)


@pytest.mark.parametrize("manifest", ["{}", '{"cubist": {}}', "[]", "", "5"])
def test_a_manifest_without_a_style_we_know_has_no_weights(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(WeightsMissing, match="python -m inference export"):
        shipped_styles(tmp_path)


@pytest.mark.parametrize("module", ["inference.weights", "inference.__main__", "inference.training.evaluation.command"])
def test_importing_it_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
