"""Tests against real servers: those of `make test-scale`, which installs them; elsewhere they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def required(program: Path | None, package: str) -> Path:
    """The program; without it the test is skipped, or fails where REQUIRE_SERVERS is set."""
    if program is None or not program.exists():
        reason = f"{package} is not installed (make test-scale does it)"
        if os.environ.get("REQUIRE_SERVERS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return program
