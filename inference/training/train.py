"""The training loop: steps, progress, checkpoints and reports, until done or told to stop."""

import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import FrameType

from inference.training.curves import save_curves
from inference.training.run_folder import RunFolder
from inference.training.trainer import Trainer

Clock = Callable[[], float]
Report = Callable[[Path], dict[str, float]]
"""Saves a contact sheet of what the averaged weights draw, and returns numbers on faces held out."""


class Ending(StrEnum):
    """Why a run ended."""

    COMPLETE = "complete"
    OUT_OF_TIME = "out of time"
    SIGNALLED = "signalled"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a run speaks, saves and shows itself, and when it stops by the clock."""

    progress_s: float = 15.0
    checkpoint_s: float = 300.0
    report_pictures: int = 10_000
    stop_after_s: float = float("inf")


@dataclass
class Progress:
    """Mean losses and speed since the last line."""

    clock: Clock
    since: float
    pictures: int = 0
    steps: int = 0
    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, losses: dict[str, float], pictures: int) -> None:
        """Count one step."""
        self.pictures += pictures
        self.steps += 1
        for name, value in losses.items():
            self.sums[name] += value

    def flush(self) -> tuple[float, dict[str, float]]:
        """Pictures per second and mean losses since the last flush."""
        now = self.clock()
        speed = self.pictures / max(now - self.since, 1e-9)
        means = {name: total / self.steps for name, total in self.sums.items()}
        self.since, self.pictures, self.steps = now, 0, 0
        self.sums.clear()
        return speed, means


class Run:
    """One process's share of a training run."""

    def __init__(self, trainer: Trainer, report: Report, folder: RunFolder, rhythm: Rhythm) -> None:
        self.trainer = trainer
        self.report = report
        self.folder = folder
        self.rhythm = rhythm
        self._signalled = False

    def train(self, clock: Clock = time.monotonic) -> Ending:
        """Train to the end of the recipe, the end of the time or a signal; always ends with a checkpoint."""
        started = saved = clock()
        progress = Progress(clock, started)
        with self._signals():
            while (ending := self._ending(clock() - started)) is None:
                progress.add(self.trainer.step(), self.trainer.recipe.batch)
                if clock() - progress.since >= self.rhythm.progress_s:
                    self._show(progress)
                if self.trainer.pictures_seen % self.rhythm.report_pictures < self.trainer.recipe.batch:
                    self._report()
                if clock() - saved >= self.rhythm.checkpoint_s:
                    self._save()
                    saved = clock()
        if progress.steps:
            self._show(progress)
        self._save()
        return ending

    def _ending(self, elapsed_s: float) -> Ending | None:
        if self.trainer.pictures_seen >= self.trainer.recipe.pictures:
            return Ending.COMPLETE
        if self._signalled:
            return Ending.SIGNALLED
        return Ending.OUT_OF_TIME if elapsed_s >= self.rhythm.stop_after_s else None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C let the current step finish, then end the run in order."""

        def notice(number: int, frame: FrameType | None) -> None:
            self._signalled = True

        before = {number: signal.signal(number, notice) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _show(self, progress: Progress) -> None:
        speed, losses = progress.flush()
        seen, total = self.trainer.pictures_seen, self.trainer.recipe.pictures
        self.folder.log(seen, {**losses, "pictures_per_s": speed})
        left = timedelta(seconds=round(max(total - seen, 0) / max(speed, 1e-9)))
        _say(f"{seen}/{total} pictures  {self.trainer.size}  {speed:.1f}/s  {left} left  {_listed(losses)}")

    def _save(self) -> None:
        self.trainer.settle()
        _say(f"saved {self.folder.save(self.trainer)}")

    def _report(self) -> None:
        self.trainer.settle()
        seen = self.trainer.pictures_seen
        sheet = self.folder.sheets / f"{seen:09d}.png"
        numbers = self.report(sheet)
        self.trainer.save_average(sheet.with_suffix(".safetensors"))
        self.folder.log(seen, numbers)
        save_curves(self.folder.curves, self.folder.history)
        _say(f"{seen} pictures, faces held out: {_listed(numbers)}")


def _listed(numbers: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in numbers.items())


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
