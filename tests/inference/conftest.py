"""What several tests of inference share."""

import json

import pytest

from inference.__main__ import main
from inference.checkpoint import DialCheckpoint, save_checkpoint
from inference.export import Exported
from tests.inference.runtimes.network import export_small_network, lively_dial


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A small network as it would be shipped, with its manifest beside it."""
    return export_small_network(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def dial() -> DialCheckpoint:
    """The emote-native network, untrained."""
    return lively_dial()


@pytest.fixture(scope="session")
def exported_dial(dial: DialCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The same as the command ships it (which takes its time), with its manifest and its card beside it."""
    folder = tmp_path_factory.mktemp("dial")
    save_checkpoint(folder / "run.safetensors", dial.generator, dial.info)
    (folder / "card.md").write_text("<!-- begin: identity -->\n<!-- end: identity -->\n")
    output, card = str(folder / "dial.onnx"), str(folder / "card.md")
    assert main(["export", str(folder / "run.safetensors"), "-o", output, "--card", card]) == 0
    entry = json.loads((folder / "manifest.json").read_text())["real"]
    return Exported(folder / "dial.onnx", entry["sha256"], entry["model_id"])
