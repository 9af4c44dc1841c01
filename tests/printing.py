"""Lines that people watch while something long goes on."""

from __future__ import annotations

import sys


def print_line(line: str) -> None:
    """At once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
