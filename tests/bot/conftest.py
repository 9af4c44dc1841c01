"""Settings for the program in this process, with a test network in its real inference child."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.logs import configure_logging
from config.settings import Settings, load_settings
from tests.program import NO_OUTSIDE, ROOT


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Everything at its default, but for an instant network, a fresh data directory, any free port, no emote sites."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    monkeypatch.setenv("EMOTEFACE_INFERENCE__RUNTIME", "fakes.generators:instant")
    monkeypatch.setenv("EMOTEFACE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("EMOTEFACE_WEB__PORT", "0")
    for name, value in NO_OUTSIDE.items():
        monkeypatch.setenv(f"EMOTEFACE_{name.upper().replace('.', '__')}", value)
    loaded = load_settings()
    handlers, level = logging.root.handlers[:], logging.root.level
    configure_logging(loaded.log.model_copy(update={"level": "error"}))  # as the commands do: nothing to stdout
    yield loaded
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
