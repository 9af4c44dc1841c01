"""What several tests of inference share."""

import pytest

from inference.export import Exported
from tests.inference.runtimes.network import export_small_network


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A small network as it would be shipped, with its manifest beside it."""
    return export_small_network(tmp_path_factory.mktemp("weights"))
