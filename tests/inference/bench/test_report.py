import json
import os
from pathlib import Path

import pytest

from inference.bench.engines import Contender, Published, Served
from inference.bench.first_face import FirstFace
from inference.bench.race import Result
from inference.bench.report import Measured, as_json, as_text, ratios, sections, share_of_peak
from inference.preparation import ClassicPreparation


def result(name: str, ms: float, device: str = "cpu", precision: str = "f32") -> Result:
    """Twice the time for twice the batch; 1 GFLOP a picture."""
    published = Published(16, device, 1)
    engine = published if name.startswith("published") else Served(Path("some.onnx"), 1)
    contender = Contender(name, device, engine, ClassicPreparation(), gflop=1.0)
    return Result(contender, precision, 0.5, 123.4, {1: [ms], 2: [2 * ms]})


MEASURED = Measured(
    models={"classic": "classic-w16-0"},
    repeats=3,
    results=[
        result("published w16", 40),
        result("classic", 10, precision="bf16"),
        result("classic, AVX2 only", 80, "AVX2"),
        result("published w16, GPU", 2, "cuda"),
        result("classic, GPU", 0.25, "cuda", "bf16"),
    ],
    peaks={"cpu f32": 50.0, "cpu bf16": 125.0},
    worker=FirstFace(0.8, 0.9, 150),
    foreign_cores=0.05,
    forced=False,
)


def test_ratios_compare_medians_on_the_same_kind_of_device() -> None:
    assert ratios(MEASURED.results) == {
        "classic over published w16": {"1": 4.0, "2": 4.0},
        "classic, AVX2 only over published w16": {"1": 0.5, "2": 0.5},
        "classic, GPU over published w16, GPU": {"1": 8.0, "2": 8.0},
    }


@pytest.mark.parametrize(("at", "share"), [(0, 0.5), (1, 0.8), (2, None), (4, None)])
def test_the_share_of_the_peak_is_that_of_device_and_type(at: int, share: float | None) -> None:
    assert share_of_peak(MEASURED.results[at], 1, MEASURED.peaks) == share


def test_the_result_is_json_and_names_the_machine() -> None:
    values = as_json(MEASURED)
    assert json.loads(json.dumps(values)) == values
    assert values["machine"]["cores"] == os.cpu_count()
    assert {"cpu", "python", "openvino", "torch"} <= values["machine"].keys()
    assert values["contenders"][1]["batches"]["2"] == {
        "median_ms": 20,
        "worst_ms": 20,
        "pictures_per_s": 100,
        "gflop_per_s": 100,
        "share_of_peak": 0.8,
    }
    assert values["worker"] == {"ready_s": 0.8, "face_s": 0.9, "memory_mb": 150}


def test_the_tables_have_a_line_for_every_contender_and_ratio() -> None:
    parts = sections(MEASURED)
    for each in MEASURED.results:
        for table in ("latency", "throughput", "work"):
            assert f"| {each.contender.name} " in parts[table]
    for name in ratios(MEASURED.results):
        assert f"| {name} " in parts["ratios"]
    assert "80 %" in parts["work"]
    assert "forced" not in as_text(MEASURED)
