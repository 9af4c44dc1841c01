from pathlib import Path

import numpy as np
import pytest
import torch

from inference.__main__ import main
from inference.networks.landmarks import LandmarkNetwork
from inference.runtimes.openvino import OpenVinoGenerator
from inference.runtimes.torch import TorchGenerator
from inference.training.landmark_network.command import export_landmarks
from inference.weights import shipped


def test_every_runtime_finds_what_the_trained_network_finds(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = LandmarkNetwork()
    exported = export_landmarks(network, tmp_path / "landmarks.onnx", pictures_seen=5)
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        expected = network.half().float()(images).numpy()
    assert expected.std() > 0.001
    for runtime in (OpenVinoGenerator(exported.path, threads=1, precision="f32"), TorchGenerator(exported.path)):
        assert np.abs(runtime({"image": images.numpy()}) - expected).max() < 1e-4


def test_the_command_trains_ships_and_measures(
    face_folder: Path, face_cache: Path, art_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, out = tmp_path / "card.md", tmp_path / "weights" / "landmarks.onnx"
    card.write_text("".join(f"<!-- begin: {name} -->\n<!-- end: {name} -->\n" for name in ("identity", "scores")))
    folders = ["--data", str(face_folder), "--art", str(art_folder), "--cache", str(face_cache)]
    words = [*folders, "-o", str(out), "--card", str(card), "--pictures", "32"]
    assert main(["train-landmarks", *words]) == 0
    model = shipped("landmarks", out.parent)
    assert (model.input_px, model.output_px) == (64, 32)
    assert model.model_id in capsys.readouterr().out
    assert f"| model id | {model.model_id} |" in card.read_text()
    assert "| twemoji things | " in card.read_text()


def test_the_command_says_what_is_missing(
    face_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(face_folder), "--art", str(tmp_path), "--cache", str(tmp_path)]
    assert main(["train-landmarks", *words]) == 1
    assert "faces: holds no PNG or WebP pictures" in capsys.readouterr().err
