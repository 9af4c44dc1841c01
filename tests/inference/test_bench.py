import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from inference import bench
from inference.bench import BenchFailed, Contender, contenders, measure, served_width, table
from inference.export import Exported
from inference.weights import shipped

BATCHES = (1, 2)


def entrants(model: Path) -> list[Contender]:
    """The real ones, but the published network only in the small width."""
    return [each for each in contenders(model, served_width(model), threads=1) if each.width == 16]


@pytest.fixture(scope="module")
def measured(exported: Exported) -> dict[str, Any]:
    return measure(entrants(exported.path), batches=BATCHES, repeats=2)


@pytest.fixture
def installed(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> Exported:
    monkeypatch.setattr(bench, "shipped", partial(shipped, folder=exported.path.parent))
    monkeypatch.setattr(bench, "running_trainers", list)
    monkeypatch.setattr(bench, "foreign_cores", lambda: 0.0)
    monkeypatch.setattr(bench, "contenders", lambda model, width, threads: entrants(model)[1:2])  # quick to start
    return exported


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(["--repeats", "1", *words])


def test_the_published_network_runs_in_its_own_width_and_in_the_shipped_one() -> None:
    model = Path("some.onnx")
    names = [each.name for each in contenders(model, 256)]
    assert names == ["published w512", "published w256", "served auto", "served f32"]
    assert [each.width for each in contenders(model, 256)] == [512, 256, 256, 256]
    assert len(contenders(model, 512)) == 3


def test_the_served_width_is_read_from_the_file(exported: Exported) -> None:
    assert served_width(exported.path) == 16


def test_every_contender_has_times_memory_and_start_up(measured: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in measured["contenders"]}
    assert rows.keys() == {"published w16", "served auto", "served f32"}
    assert rows["published w16"]["precision"] == rows["served f32"]["precision"] == "f32"
    for row in rows.values():
        assert row["start_s"] > 0
        assert row["memory_mb"] > 10
        assert row["batches"].keys() == {"1", "2"}
        for batch, times in row["batches"].items():
            assert 0 < times["median_ms"] <= times["worst_ms"]
            assert times["pictures_per_s"] == pytest.approx(int(batch) * 1e3 / times["median_ms"], rel=0.1)


def test_the_ratios_compare_the_medians(measured: dict[str, Any]) -> None:
    rows = {row["name"]: row["batches"]["2"]["median_ms"] for row in measured["contenders"]}
    assert measured["ratios"].keys() == {"served auto over published w16", "served f32 over published w16"}
    ratio = measured["ratios"]["served f32 over published w16"]["2"]
    assert ratio == pytest.approx(rows["published w16"] / rows["served f32"], rel=0.1, abs=0.01)


def test_the_result_is_json_and_names_the_machine(measured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(measured)) == measured
    assert measured["machine"]["cores"] == os.cpu_count()
    assert {"cpu", "python", "openvino", "torch"} <= measured["machine"].keys()


def test_the_table_has_a_line_for_every_contender_and_ratio(measured: dict[str, Any]) -> None:
    text = table(measured)
    for row in measured["contenders"]:
        assert f"{row['name']} ({row['precision']})" in text
    for name in measured["ratios"]:
        assert name in text
    assert "FORCED" not in text


def test_the_command_prints_json(installed: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(arguments("--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["model_id"] == installed.model_id
    assert printed["forced"] is False
    assert printed["contenders"][0]["batches"].keys() == {"1", "4", "8"}


def test_a_busy_machine_is_refused(
    installed: Exported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "foreign_cores", lambda: 1.25)
    assert bench.run(arguments()) == 1
    assert "1.2 CPU cores" in capsys.readouterr().err


def test_measuring_on_a_busy_machine_can_be_forced_and_says_so(
    installed: Exported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "foreign_cores", lambda: 1.25)
    assert bench.run(arguments("--force")) == 0
    assert "FORCED ON A BUSY MACHINE: others used 1.25 cores" in capsys.readouterr().out


def test_without_weights_the_command_says_what_to_do(
    tmp_path: Path, installed: Exported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "shipped", partial(shipped, folder=tmp_path))
    assert bench.run(arguments()) == 1
    assert "no weights" in capsys.readouterr().err


def test_a_contender_that_dies_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchFailed, match="served auto died"):
        measure([Contender("served auto", "auto", 16, tmp_path / "missing.onnx", 1)])


def test_a_contender_that_hangs_is_named(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "START_TIMEOUT_S", 0.001)
    with pytest.raises(BenchFailed, match="served f32 hung"):
        measure([Contender("served f32", "f32", 16, exported.path, 1)])
