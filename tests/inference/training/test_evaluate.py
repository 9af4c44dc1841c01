import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import inference.training.evaluate_command as command
from inference.__main__ import main
from inference.checkpoint import Checkpoint, CheckpointInfo
from inference.export import export
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.training.evaluate import Row, bicubic, doubt, measured, val_faces
from inference.training.framing import FramedFaces
from inference.weights import ShippedModel, WeightsMissing, shipped


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ShippedModel:
    torch.manual_seed(0)
    network = Checkpoint(ClassicGenerator(8).eval(), CheckpointInfo(8, FULLY_GROWN, 0, recipe={}))
    folder = tmp_path_factory.mktemp("weights")
    export(network, folder / "classic.onnx")
    return shipped("classic", folder)


@pytest.fixture
def evaluate(
    face_folder: Path, face_cache: Path, model: ShippedModel, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    monkeypatch.setattr(command, "shipped", lambda style: model)
    return lambda *words: main(["evaluate", "--data", str(face_folder), "--cache", str(face_cache), *words])


def faces_of(targets: np.ndarray) -> FramedFaces:
    return FramedFaces(targets, targets[:, ::8, ::8])


def test_val_faces_are_framed_and_reduced(face_folder: Path, face_cache: Path) -> None:
    faces = val_faces(face_folder, face_cache)
    assert faces.targets.shape == (4, 128, 128, 3)
    assert faces.inputs.shape == (4, 16, 16, 3)


def test_bicubic_is_that_of_pil() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    expected = Image.fromarray(inputs[1]).resize((128, 128), Image.Resampling.BICUBIC)
    assert np.array_equal(bicubic(inputs)[1], np.asarray(expected))


def test_scores_are_means_over_the_faces() -> None:
    targets = np.full((2, 128, 128, 3), 100, np.uint8)

    def off_by_10_and_20(inputs: np.ndarray) -> np.ndarray:
        return np.stack([targets[0] + np.uint8(10), targets[1] + np.uint8(20)])

    row = measured("wrong", off_by_10_and_20, faces_of(targets))
    assert row.method == "wrong"
    assert row.psnr_db == pytest.approx((20 * np.log10(255 / 10) + 20 * np.log10(255 / 20)) / 2)
    assert 0.9 < row.ssim < 1


@pytest.mark.parametrize(("psnr_db", "count", "doubted"), [(21.72, 120, False), (21.75, 120, True), (21.72, 4, True)])
def test_other_faces_than_the_projects_are_noticed(psnr_db: float, count: int, doubted: bool) -> None:
    assert (doubt(Row("bicubic", psnr_db, 0.6), count) is not None) is doubted


def test_the_table_compares_the_shipped_network_with_bicubic(
    evaluate: Callable[..., int], model: ShippedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate() == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("| 16 -> 128 px, 4 val faces")
    assert lines[2].startswith("| bicubic | ")
    assert lines[3].startswith(f"| {model.model_id} (OpenVINO ")
    assert "do not compare with published ones" in printed.err


def test_json_holds_the_same_numbers(evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    evaluate()
    table = capsys.readouterr().out
    assert evaluate("--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["faces"] == 4
    assert [f"{row['psnr_db']:.2f}" in table for row in content["rows"]] == [True, True]


def test_sheets_show_faces_and_emoji(evaluate: Callable[..., int], tmp_path: Path) -> None:
    assert evaluate("--save", str(tmp_path / "sheets")) == 0
    with Image.open(tmp_path / "sheets" / "faces.png") as sheet:
        assert sheet.size == (4 * 128, 4 * 128)
    with Image.open(tmp_path / "sheets" / "emoji.png") as sheet:
        assert sheet.size == (12 * 128, 4 * 128)


def test_the_model_card_gets_the_table(
    evaluate: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "card.md"
    card.write_text("before\n<!-- begin: reconstruction -->\nold\n<!-- end: reconstruction -->\nafter\n")
    assert evaluate("--card", str(card)) == 0
    table = capsys.readouterr().out
    assert card.read_text() == (f"before\n<!-- begin: reconstruction -->\n{table}<!-- end: reconstruction -->\nafter\n")


def test_without_weights_it_says_how_to_get_some(
    evaluate: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(style: str) -> ShippedModel:
        raise WeightsMissing("no weights; do this")

    monkeypatch.setattr(command, "shipped", missing)
    assert evaluate() == 1
    assert capsys.readouterr().err == "evaluate: no weights; do this\n"
