from pathlib import Path

import pytest

from inference.bench import race as racing
from inference.bench.engines import Contender, Published, Served
from inference.bench.race import BenchFailed, Result, race
from inference.export import Exported
from inference.preparation import ClassicPreparation

BATCHES = (1, 2)


def served(path: Path) -> Contender:
    return Contender("served", "cpu", Served(path, threads=1, precision="f32"), ClassicPreparation(), gflop=0.5)


def published() -> Contender:
    return Contender("published", "cpu", Published(16, "cpu", threads=1), ClassicPreparation(), gflop=0.5)


@pytest.fixture(scope="module")
def results(exported: Exported) -> list[Result]:
    return race([published(), served(exported.path)], BATCHES, repeats=3)


def test_every_contender_has_times_memory_and_start_up(results: list[Result]) -> None:
    assert [result.contender.name for result in results] == ["published", "served"]
    for result in results:
        assert result.precision == "f32"
        assert result.start_s > 0
        assert result.memory_mb > 10
        assert {batch: len(times) for batch, times in result.times_ms.items()} == {1: 3, 2: 3}
        assert min(map(min, result.times_ms.values())) > 0


def test_rates_follow_from_the_median_time() -> None:
    result = Result(published(), "f32", 1.0, 100, {4: [30.0, 10.0, 20.0]})
    assert result.median_ms(4) == 20
    assert result.pictures_per_s(4) == 200
    assert result.gflop_per_s(4) == 100


def test_a_contender_that_dies_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchFailed, match="served died"):
        race([served(tmp_path / "missing.onnx")], BATCHES, repeats=1)


def test_a_contender_that_hangs_is_named(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "START_TIMEOUT_S", 0.001)
    with pytest.raises(BenchFailed, match="served hung"):
        race([served(exported.path)], BATCHES, repeats=1)
