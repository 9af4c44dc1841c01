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
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Feed = Mapping[str, Images]
CLASSIC_PX = 128

BAD_RGB = (255, 0, 255)
"""A picture of this colour is what the dying, hanging and failing networks stumble over."""
DELAY_VARIABLE = "FAKE_GENERATOR_DELAY_S"
GATE_VARIABLE = "FAKE_GENERATOR_GATE"
_TOLERANCE = 0.05


def instant() -> Callable[[Feed], Images]:
    """The emote, enlarged and mirrored: (N, 3, 128, 128), or as large as the grain. Deterministic."""
    return _drawn


def slow() -> Callable[[Feed], Images]:
    """Takes as many seconds a batch as DELAY_VARIABLE says."""
    delay_s = float(os.environ.get(DELAY_VARIABLE, "0.2"))

    def generate(feed: Feed) -> Images:
        if feed["image"].any():
            time.sleep(delay_s)
        return _drawn(feed)

    return generate


def gated() -> Callable[[Feed], Images]:
    """Draws while the file named by GATE_VARIABLE exists and waits while it does not; `<file>.waiting` says so."""
    gate = Path(os.environ[GATE_VARIABLE])

    def generate(feed: Feed) -> Images:
        while feed["image"].any() and not gate.exists():
            gate.with_name(gate.name + ".waiting").touch()
            time.sleep(0.01)
        return _drawn(feed)

    return generate


def unstartable() -> Callable[[Feed], Images]:
    """Cannot be built before the file named by GATE_VARIABLE exists."""
    if not Path(os.environ[GATE_VARIABLE]).exists():
        raise RuntimeError("the device is busy")
    return _drawn


def unstarting() -> Callable[[Feed], Images]:
    """Takes the whole process with it while loading."""
    os._exit(7)


def dying() -> Callable[[Feed], Images]:
    """A bad picture kills the process."""
    return _stumbling(lambda: os.kill(os.getpid(), signal.SIGKILL))


def hanging() -> Callable[[Feed], Images]:
    """A bad picture never ends."""
    return _stumbling(lambda: time.sleep(1e6))


def failing() -> Callable[[Feed], Images]:
    """A bad picture raises."""

    def stumble() -> None:
        raise RuntimeError("no face for this one")

    return _stumbling(stumble)


def printing() -> Callable[[Feed], Images]:
    """A library that talks: through Python and around it, to both streams, in long lines and odd bytes."""

    def generate(feed: Feed) -> Images:
        print("50 % done", "x" * 100_000, flush=True)  # noqa: T201
        os.write(1, b"\x00\xff\xfe not text \r")
        print("on stderr", file=sys.stderr)  # noqa: T201
        assert sys.stdin.read() == "", "the pipe is not for libraries"
        return _drawn(feed)

    return generate


def _stumbling(stumble: Callable[[], None]) -> Callable[[Feed], Images]:
    def generate(feed: Feed) -> Images:
        bad = np.array(BAD_RGB, np.float32).reshape(1, 3, 1, 1) / 127.5 - 1
        if (np.abs(feed["image"] - bad) < _TOLERANCE).all(axis=1).any():
            stumble()
        return _drawn(feed)

    return generate


def _drawn(feed: Feed) -> Images:
    images = feed["image"]
    factor = (feed["grain"].shape[-1] if "grain" in feed else CLASSIC_PX) // images.shape[-1]
    return np.ascontiguousarray(images[:, :, :, ::-1].repeat(factor, axis=2).repeat(factor, axis=3))
