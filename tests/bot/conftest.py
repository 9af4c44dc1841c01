"""Settings for the program in this process, with a test network in its real inference child."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from tests.program import ROOT


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Everything at its default, but for an instant network, a fresh data directory and any free port."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    monkeypatch.setenv("EMOTEFACE_INFERENCE__RUNTIME", "fakes.generators:instant")
    monkeypatch.setenv("EMOTEFACE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("EMOTEFACE_WEB__PORT", "0")
    return load_settings()
