import json
import os
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import torch

from inference.checkpoint import load_checkpoint
from inference.training.classic.recipe import ClassicRecipe
from inference.training.classic.report import ClassicReport
from inference.training.classic.trainer import ClassicTrainer
from inference.training.faces import Faces
from inference.training.run_folder import RunFolder
from inference.training.train import Ending, Rhythm, Run

RECIPE = ClassicRecipe(width=8, batch=2, pictures=12, calibration_inputs=32)
QUIET = Rhythm(progress_s=1e9, checkpoint_s=1e9, report_pictures=1000)
MakeRun = Callable[..., Run]


@pytest.fixture
def run_of(faces: Faces, tmp_path: Path) -> MakeRun:
    def make(rhythm: Rhythm = QUIET) -> Run:
        trainer = ClassicTrainer(RECIPE, faces, torch.device("cpu"))
        return Run(trainer, ClassicReport(trainer, faces), RunFolder(tmp_path, "classic"), rhythm)

    return make


def ticking() -> Callable[[], float]:
    """A clock that moves on by a second whenever it is read."""
    times: Iterator[int] = count()
    return lambda: float(next(times))


def test_a_run_ends_when_its_pictures_are_seen(run_of: MakeRun) -> None:
    run = run_of()
    assert run.train() is Ending.COMPLETE
    assert run.trainer.pictures_seen == 12
    assert [path.stem for path in run.folder.checkpoints()] == ["classic-000000012"]


def test_a_run_that_is_complete_does_nothing_more(run_of: MakeRun) -> None:
    run = run_of()
    run.trainer.pictures_seen = 12
    assert run.train() is Ending.COMPLETE
    assert run.trainer.pictures_seen == 12


def test_a_run_stops_when_its_time_is_up_and_saves(run_of: MakeRun) -> None:
    run = run_of(Rhythm(progress_s=1e9, checkpoint_s=1e9, stop_after_s=10))
    assert run.train(ticking()) is Ending.OUT_OF_TIME
    assert 0 < run.trainer.pictures_seen < 12
    assert run.folder.checkpoints()[-1].stem == f"classic-{run.trainer.pictures_seen:09d}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_after_the_step_and_saves(run_of: MakeRun, number: signal.Signals) -> None:
    run = run_of()
    step, handler = run.trainer.step, signal.getsignal(number)

    def signalled_step() -> dict[str, float]:
        os.kill(os.getpid(), number)
        return step()

    run.trainer.step = signalled_step  # type: ignore[method-assign]
    assert run.train() is Ending.SIGNALLED
    assert [path.stem for path in run.folder.checkpoints()] == ["classic-000000002"]
    assert signal.getsignal(number) == handler


def test_checkpoints_are_written_by_the_clock(run_of: MakeRun) -> None:
    run = run_of(Rhythm(progress_s=1e9, checkpoint_s=1, report_pictures=1000))
    run.train(ticking())
    assert [path.stem for path in run.folder.checkpoints()] == ["classic-000000010", "classic-000000012"]


def test_progress_tells_speed_and_time_left(run_of: MakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    run_of(Rhythm(progress_s=1, checkpoint_s=1e9, report_pictures=1000)).train(ticking())
    lines = [line for line in capsys.readouterr().err.splitlines() if "left" in line]
    assert "2/12 pictures  64 px x 1.00" in lines[0]
    assert "/s  0:00:" in lines[0]
    assert "l1 " in lines[0]


def test_reports_leave_numbers_a_sheet_with_its_weights_and_curves(run_of: MakeRun) -> None:
    run = run_of(Rhythm(progress_s=1, checkpoint_s=1e9, report_pictures=6))
    run.train(ticking())
    lines = [json.loads(line) for line in run.folder.history.read_text().splitlines()]
    assert [line["pictures"] for line in lines if "development_psnr_db" in line] == [6, 12]
    assert all(line["pictures_per_s"] > 0 for line in lines if "l1" in line)
    kept = [f"{seen:09d}.{kind}" for seen in (6, 12) for kind in ("png", "safetensors")]
    assert sorted(path.name for path in run.folder.sheets.iterdir()) == kept
    assert load_checkpoint(run.folder.sheets / kept[1]).info.pictures_seen == 6
    assert run.folder.curves.stat().st_size > 0
