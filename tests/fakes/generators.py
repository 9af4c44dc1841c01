"""Networks for tests: `inference.runtime: fakes.generators:instant` runs one in the real child.

The folder `tests` has to be in PYTHONPATH (`tests.fakes…` is taken: an installed library ships a package `tests`).

Each colours the face with the emote, and some do what a bad network, driver or picture may do when they see a picture
of their colour. All of them are harmless in the warm-up, which shows them grey.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]

BAD_RGB = (255, 0, 255)
"""A picture of this colour is what the dying, hanging and failing networks stumble over."""
DELAY_VARIABLE = "FAKE_GENERATOR_DELAY_S"
GATE_VARIABLE = "FAKE_GENERATOR_GATE"
_TOLERANCE = 0.05


def instant() -> Callable[[Images], Images]:
    """(N, 3, 16, 16) -> (N, 3, 128, 128): the emote, enlarged and mirrored. Deterministic."""
    return _drawn


def slow() -> Callable[[Images], Images]:
    """Takes as many seconds a batch as DELAY_VARIABLE says."""
    delay_s = float(os.environ.get(DELAY_VARIABLE, "0.2"))

    def generate(images: Images) -> Images:
        if images.any():
            time.sleep(delay_s)
        return _drawn(images)

    return generate


def gated() -> Callable[[Images], Images]:
    """Draws while the file named by GATE_VARIABLE exists and waits while it does not; `<file>.waiting` says so."""
    gate = Path(os.environ[GATE_VARIABLE])

    def generate(images: Images) -> Images:
        while images.any() and not gate.exists():
            gate.with_name(gate.name + ".waiting").touch()
            time.sleep(0.01)
        return _drawn(images)

    return generate


def unstartable() -> Callable[[Images], Images]:
    """Cannot be built before the file named by GATE_VARIABLE exists."""
    if not Path(os.environ[GATE_VARIABLE]).exists():
        raise RuntimeError("the device is busy")
    return _drawn


def unstarting() -> Callable[[Images], Images]:
    """Takes the whole process with it while loading."""
    os._exit(7)


def dying() -> Callable[[Images], Images]:
    """A bad picture kills the process."""
    return _stumbling(lambda: os.kill(os.getpid(), signal.SIGKILL))


def hanging() -> Callable[[Images], Images]:
    """A bad picture never ends."""
    return _stumbling(lambda: time.sleep(1e6))


def failing() -> Callable[[Images], Images]:
    """A bad picture raises."""

    def stumble() -> None:
        raise RuntimeError("no face for this one")

    return _stumbling(stumble)


def printing() -> Callable[[Images], Images]:
    """A library that talks: through Python and around it, to both streams, in long lines and odd bytes."""

    def generate(images: Images) -> Images:
        print("50 % done", "x" * 100_000, flush=True)  # noqa: T201
        os.write(1, b"\x00\xff\xfe not text \r")
        print("on stderr", file=sys.stderr)  # noqa: T201
        assert sys.stdin.read() == "", "the pipe is not for libraries"
        return _drawn(images)

    return generate


def _stumbling(stumble: Callable[[], None]) -> Callable[[Images], Images]:
    def generate(images: Images) -> Images:
        bad = np.array(BAD_RGB, np.float32).reshape(1, 3, 1, 1) / 127.5 - 1
        if (np.abs(images - bad) < _TOLERANCE).all(axis=1).any():
            stumble()
        return _drawn(images)

    return generate


def _drawn(images: Images) -> Images:
    return np.ascontiguousarray(images[:, :, :, ::-1].repeat(8, axis=2).repeat(8, axis=3))
