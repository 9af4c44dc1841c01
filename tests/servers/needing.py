"""Tests against real servers: those of `make test-scale`, which installs them; elsewhere they are skipped."""

from __future__ import annotations

import os
import socket
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


def free_ports(count: int) -> list[int]:
    """All taken at once, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
