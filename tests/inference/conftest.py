"""What several tests of inference share."""

import pytest

from inference.checkpoint import DialCheckpoint
from inference.export import Exported, export
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
    """The same as it would be shipped, with its manifest beside it."""
    return export(dial, tmp_path_factory.mktemp("dial") / "dial.onnx")
