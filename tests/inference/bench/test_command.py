import argparse
import json
from pathlib import Path

import pytest

from inference.bench import command
from inference.bench.first_face import FirstFace
from inference.bench.race import BenchFailed
from inference.bench.report import Measured
from inference.weights import WeightsMissing


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet machine, on which measuring takes no time."""

    def measured(repeats: int, threads: int, foreign: float, progress: object) -> Measured:
        return Measured({"classic": "an-id"}, repeats, [], {}, FirstFace(1, 2, 3), foreign, forced=foreign > 1)

    monkeypatch.setattr(command, "running_trainers", list)
    monkeypatch.setattr(command, "foreign_cores", lambda: 0.0)
    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(command, "sections", lambda measured: {"worker": "as quick as can be\n"})
    monkeypatch.setattr(command, "as_text", lambda measured: "forced\n" if measured.forced else "tables\n")


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(["--repeats", "1", *words])


def test_tables_are_printed_or_json(quiet: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(arguments()) == 0
    assert capsys.readouterr().out == "tables\n"
    assert command.run(arguments("--json")) == 0
    assert json.loads(capsys.readouterr().out)["models"] == {"classic": "an-id"}


def test_a_card_is_brought_up_to_date(quiet: None, tmp_path: Path) -> None:
    card = tmp_path / "bench.md"
    card.write_text("<!-- begin: worker -->\n<!-- end: worker -->\n")
    assert command.run(arguments("--card", str(card))) == 0
    assert "as quick as can be" in card.read_text()


def test_a_busy_machine_is_refused(
    quiet: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "foreign_cores", lambda: 1.25)
    assert command.run(arguments()) == 1
    assert "1.2 CPU cores; wait, or add --force" in capsys.readouterr().err


def test_measuring_on_a_busy_machine_can_be_forced_and_says_so(
    quiet: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "foreign_cores", lambda: 1.25)
    assert command.run(arguments("--force")) == 0
    assert capsys.readouterr().out == "forced\n"


@pytest.mark.parametrize("error", [WeightsMissing("no weights"), BenchFailed("it hung")])
def test_what_prevents_measuring_is_said(
    quiet: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*given: object) -> Measured:
        raise error

    monkeypatch.setattr(command, "measure", fail)
    assert command.run(arguments()) == 1
    assert str(error) in capsys.readouterr().err
