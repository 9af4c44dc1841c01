import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import inference.training.evaluation.command as command
import inference.training.evaluation.emote_table as emote_table
from inference.__main__ import main
from inference.checkpoint import Checkpoint, CheckpointInfo, save_checkpoint
from inference.export import export
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.protocol import Style
from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.face_detector import Detection, DetectorMissing
from inference.weights import LANDMARKS, ShippedModel, WeightsMissing, shipped
from tests.fakes.generators import instant

SCORES = {"n", "face", "top1", "top5", "joint", "variety", "detail_db"}
CONTROLS = ["emote", "bicubic-16"]
FACE_CONTROLS = ["mean-face-0.5", "mean-face-0.6", "mean-face-0.75", "pasted-detail", "val-faces"]


class SeesFacesInTheDark:
    """A detector that calls every dark picture a face."""

    def __call__(self, picture: np.ndarray) -> list[Detection]:
        return [Detection(0.1, 0.1, 0.9, 0.9, 0.95)] if picture.mean() < 128 else []


def discs(name: str, *colours: str) -> EmoteSet:
    return EmoteSet(name, colours, tuple(Image.new("RGBA", (32, 32), colour) for colour in colours))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ShippedModel:
    torch.manual_seed(0)
    network = Checkpoint(ClassicGenerator(8).eval(), CheckpointInfo(8, FULLY_GROWN, 0, recipe={}))
    folder = tmp_path_factory.mktemp("weights")
    export(network, folder / "classic.onnx")
    return shipped("classic", folder)


@pytest.fixture
def evaluate(model: ShippedModel, face_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command with a small network, small sets and a detector that is easy to predict."""
    monkeypatch.setattr(command, "shipped", lambda style: shipped(style) if style == LANDMARKS else model)
    monkeypatch.setattr(command, "shipped_styles", lambda: (Style.CLASSIC,))
    monkeypatch.setattr(emote_table, "FaceDetector", SeesFacesInTheDark)
    monkeypatch.setattr(emote_table, "face_like", lambda: discs("faces", "red", "yellow"))
    monkeypatch.setattr(emote_table, "things", lambda: discs("objects", "green", "blue", "black"))
    tones = tuple(discs(f"tone-{grey}", f"rgb({grey}, {grey}, {grey})") for grey in (220, 180, 140, 100, 60))
    monkeypatch.setattr(emote_table, "tones", lambda: tones)
    return lambda *words: main(["evaluate", "--cache", str(face_cache), *words])


@pytest.fixture
def emote_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "emotes"
    folder.mkdir()
    for stem, colour in (("Kappa", "brown"), ("faces", "pink")):
        Image.new("RGB", (28, 28), colour).save(folder / f"{stem}.png")
    return folder


@pytest.fixture
def measured(
    evaluate: Callable[..., int], face_folder: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    def run(*words: str) -> dict[str, Any]:
        assert evaluate("--data", str(face_folder), "--json", *words) == 0
        content: dict[str, Any] = json.loads(capsys.readouterr().out)
        return content

    return run


def test_reconstruction_compares_the_shipped_network_with_bicubic(
    evaluate: Callable[..., int], face_folder: Path, model: ShippedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--data", str(face_folder), "--only", "reconstruction") == 0
    printed = capsys.readouterr()
    lines = [line for line in printed.out.splitlines() if line.startswith("|")]
    assert lines[0].startswith("| 16 -> 128 px, 4 val faces")
    assert lines[2].startswith("| bicubic ")
    assert lines[3].startswith(f"| {model.model_id} (OpenVINO ")
    assert "do not compare with published ones" in printed.err


def test_json_has_the_keys_that_others_read(measured: Callable[..., dict[str, Any]]) -> None:
    content = measured("--realism", "0.5", "--iterations", "2")
    assert content["reconstruction"].keys() == {"bicubic", "classic"}
    assert content["reconstruction"]["classic"].keys() == {"psnr_db", "ssim", "ms_ssim"}
    assert content["emotes"].keys() == {"faces", "objects"}
    assert list(content["emotes"]["objects"]) == ["classic-r0.5-i2", *CONTROLS, *FACE_CONTROLS]
    assert all(row.keys() == SCORES for rows in content["emotes"].values() for row in rows.values())
    assert content["skin_tone"].keys() == {"classic-r0.5-i2", "emote"}
    assert content["seeds"].keys() == {"classic-r0.5-i2"}
    assert content["steadiness"].keys() == {"classic-r0.5-i2", "emote"}
    assert content["dial"] == {}
    assert [target["name"] for target in content["targets"]] == [
        "controls, faces: pass joint, variety and detail",
        "controls, objects: pass joint, variety and detail",
        "classic: over bicubic",
        "classic, faces: face at its best",
    ]
    assert content["memorised"]["faces"]["val-faces"] <= 1


def test_scores_are_those_of_the_pictures(measured: Callable[..., dict[str, Any]]) -> None:
    content = measured("--only", "emotes", "--only", "skin-tone", "--iterations", "1")
    emote = content["emotes"]["objects"]["emote"]
    assert (emote["n"], emote["face"]) == (3, 1.0)
    assert content["emotes"]["faces"]["emote"]["face"] == 0.5
    assert content["emotes"]["objects"]["val-faces"]["detail_db"] == 0
    tones = content["skin_tone"]["emote"]
    assert tones == {"n": 1, "ordered": 1.0, "face": [0, 0, 0, 1, 1], "luminance": [220, 180, 140, 100, 60]}
    assert content["reconstruction"] == {}


def test_without_a_setting_the_styles_own_rows_are_measured(measured: Callable[..., dict[str, Any]]) -> None:
    rows = list(measured("--only", "emotes", "--seed", "3")["emotes"]["faces"])
    assert rows[:2] == ["classic", "classic-i3"]
    assert len(rows) > 2 + len(CONTROLS) + len(FACE_CONTROLS)


def test_without_faces_the_rows_that_need_them_are_left_out(
    evaluate: Callable[..., int], emote_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--iterations", "1", "--emotes", str(emote_folder))
    assert evaluate(*words) == 0
    assert "Without `--data` the rows and columns that need faces are left out." in capsys.readouterr().out
    assert evaluate(*words, "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["reconstruction"] == {}
    assert list(content["emotes"]["folder"]) == ["classic", *CONTROLS]
    assert content["emotes"]["folder"]["classic"]["detail_db"] is None


def test_faces_of_a_folder_are_saved_apart_from_the_sheets(
    evaluate: Callable[..., int], face_folder: Path, emote_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert (
        evaluate("--data", str(face_folder), "--emotes", str(emote_folder), "--save", str(out), "--realism", "1") == 0
    )
    assert sorted(path.name for path in out.glob("*.png")) == ["Kappa.png", "faces.png"]
    sizes = {}
    for path in sorted(out.rglob("*.png")):
        with Image.open(path) as picture:
            sizes[path.relative_to(out).as_posix()] = (picture.mode, picture.size)
    rows = 1 + 1 + len(CONTROLS) + len(FACE_CONTROLS) - 1
    assert sizes == {
        "Kappa.png": ("RGB", (128, 128)),
        "faces.png": ("RGB", (128, 128)),
        "sheets/faces-classic-r1.png": ("RGB", (4 * 128, 128)),
        "sheets/objects-classic-r1.png": ("RGB", (6 * 128, 128)),
        "sheets/folder-classic-r1.png": ("RGB", (4 * 128, 128)),
        "sheets/reconstruction.png": ("RGB", (4 * 128, 4 * 128)),
        "sheets/emoji.png": ("RGB", (12 * 128, 4 * 128)),
        "sheets/faces.png": ("RGB", (2 * 128, rows * 128)),
        "sheets/objects.png": ("RGB", (3 * 128, rows * 128)),
        "sheets/folder.png": ("RGB", (2 * 128, rows * 128)),
    }


def test_the_dial_of_the_emote_native_network_is_turned(
    measured: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "shipped_styles", lambda: tuple(Style))
    monkeypatch.setattr(command, "OpenVinoGenerator", lambda path: instant())
    content = measured("--only", "dial", "--only", "seeds", "--only", "emotes", "--save", str(tmp_path))
    assert list(content["seeds"]) == ["real", "cursed", "classic"]
    assert list(content["emotes"]["faces"])[:5] == ["real", "real-r0.5", "real-r1", "cursed", "cursed-r0"]
    assert content["dial"]["realism"] == [0, 0.25, 0.5, 0.75, 1]
    assert content["dial"]["verdicts"].keys() == {"face_does_not_fall", "correlation_does_not_rise", "no_jump"}
    assert "dial: no jump" in {target["name"] for target in content["targets"]}
    with Image.open(tmp_path / "sheets" / "dial.png") as sheet:
        assert sheet.size == (6 * 128, 2 * 128)


def test_the_ablation_is_a_row_of_its_own(measured: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    path, info = tmp_path / "ablation.safetensors", CheckpointInfo(8, FULLY_GROWN, 0, recipe={})
    save_checkpoint(path, ClassicGenerator(8), info)
    content = measured("--only", "reconstruction", "--ablation", str(path))
    assert list(content["reconstruction"]) == ["bicubic", "classic", "pixel-only"]
    assert "pixel-only: over bicubic" in {target["name"] for target in content["targets"]}


def test_an_ablation_that_is_none_is_refused(
    evaluate: Callable[..., int], face_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--data", str(face_folder), "--only", "reconstruction", "--ablation", str(tmp_path / "none.safetensors"))
    assert evaluate(*words) == 1
    assert "none.safetensors: cannot be opened" in capsys.readouterr().err


def test_a_folder_alone_can_be_asked_for(
    evaluate: Callable[..., int], emote_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--only", "folder", "--emotes", str(emote_folder), "--realism", "0", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["emotes"].keys() == {"folder"}
    assert content["skin_tone"] == content["seeds"] == content["steadiness"] == {}


def test_cards_get_the_sections_they_have_a_place_for(
    evaluate: Callable[..., int], face_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, other = tmp_path / "card.md", tmp_path / "other.md"
    card.write_text("before\n<!-- begin: reconstruction -->\nold\n<!-- end: reconstruction -->\nafter\n")
    other.write_text("nothing to fill in")
    words = ("--data", str(face_folder), "--only", "reconstruction", "--card", str(card))
    assert evaluate(*words) == 0
    assert "| bicubic " in card.read_text()
    assert card.read_text().startswith("before\n<!-- begin: reconstruction -->\n| 16 -> 128 px")
    assert card.read_text().endswith("<!-- end: reconstruction -->\nafter\n")
    assert evaluate(*words, "--card", str(other)) == 1
    assert "has none of the sections models, reconstruction" in capsys.readouterr().err


def test_reconstruction_needs_faces(evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("--only", "reconstruction") == 2
    assert "--data FOLDER" in capsys.readouterr().err


def test_a_setting_that_does_not_exist_is_refused(
    evaluate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("--realism", "2") == 1
    assert capsys.readouterr().err == "evaluate: realism is between 0 and 1\n"


@pytest.mark.parametrize(
    ("place", "attribute", "error"),
    [
        (command, "shipped", WeightsMissing("no weights; do this")),
        (emote_table, "FaceDetector", DetectorMissing("no detector; do this")),
    ],
)
def test_what_is_missing_is_said(
    evaluate: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: Any,
    attribute: str,
    error: Exception,
) -> None:
    def missing(*_: object) -> None:
        raise error

    monkeypatch.setattr(place, attribute, missing)
    assert evaluate() == 1
    assert capsys.readouterr().err == f"evaluate: {error}\n"
