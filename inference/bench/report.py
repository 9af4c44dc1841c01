"""What a benchmark found, as Markdown for people and as plain JSON values for programs."""

import dataclasses
import itertools
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inference.bench.first_face import FirstFace
from inference.bench.race import Result
from inference.model_card import markdown_table

PACKAGES = ("openvino", "torch", "numpy")


@dataclass(frozen=True, slots=True)
class Measured:
    """`peaks` in 10^9 operations a second by "device precision"; `foreign_cores` is what others used of the CPU."""

    models: Mapping[str, str]
    repeats: int
    results: Sequence[Result]
    peaks: Mapping[str, float]
    worker: FirstFace
    foreign_cores: float
    forced: bool


def as_json(measured: Measured) -> dict[str, Any]:
    """Everything, by name."""
    return {
        "machine": machine(),
        "models": dict(measured.models),
        "repeats": measured.repeats,
        "foreign_cores": measured.foreign_cores,
        "forced": measured.forced,
        "peak_gflop_per_s": {name: round(peak, 1) for name, peak in measured.peaks.items()},
        "contenders": [_row(result, measured.peaks) for result in measured.results],
        "ratios": ratios(measured.results),
        "worker": {name: round(value, 2) for name, value in dataclasses.asdict(measured.worker).items()},
    }


def as_text(measured: Measured) -> str:
    """All sections, one after the other."""
    return "\n".join(f"## {name.capitalize()}\n\n{text}" for name, text in sections(measured).items())


def sections(measured: Measured) -> Mapping[str, str]:
    """Markdown by section of a card."""
    return {
        "machine": _machine_lines(measured),
        "latency": _by_batch("ms a batch of", measured.results, Result.median_ms),
        "throughput": _by_batch("pictures/s in batches of", measured.results, Result.pictures_per_s),
        "work": _work_table(measured),
        "ratios": _ratio_table(measured.results),
        "worker": _worker_table(measured.worker),
    }


def ratios(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """How many times faster each served network is than each published one on the same kind of device, by batch."""
    published = [result for result in results if result.contender.is_published]
    served = [result for result in results if result not in published]
    return {
        f"{ours.contender.name} over {theirs.contender.name}": {
            str(batch): round(theirs.median_ms(batch) / ours.median_ms(batch), 2) for batch in ours.times_ms
        }
        for ours, theirs in itertools.product(served, published)
        if (ours.contender.device == "cuda") == (theirs.contender.device == "cuda")
    }


def share_of_peak(result: Result, batch: int, peaks: Mapping[str, float]) -> float | None:
    """None where the peak was not measured."""
    peak = peaks.get(f"{result.contender.device} {result.precision}")
    return result.gflop_per_s(batch) / peak if peak else None


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "cpu": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _row(result: Result, peaks: Mapping[str, float]) -> dict[str, Any]:
    return {
        "name": result.contender.name,
        "device": result.contender.device,
        "precision": result.precision,
        "gflop": round(result.contender.gflop, 3),
        "start_s": round(result.start_s, 2),
        "memory_mb": round(result.memory_mb),
        "batches": {
            str(batch): {
                "median_ms": round(result.median_ms(batch), 2),
                "worst_ms": round(max(times), 2),
                "pictures_per_s": round(result.pictures_per_s(batch), 1),
                "gflop_per_s": round(result.gflop_per_s(batch), 1),
                "share_of_peak": _rounded(share_of_peak(result, batch, peaks)),
            }
            for batch, times in result.times_ms.items()
        },
    }


def _machine_lines(measured: Measured) -> str:
    facts = machine()
    packages = ", ".join(f"{name} {facts[name]}" for name in PACKAGES)
    lines = [
        f"- {facts['cpu']}, {facts['cores']} cores; {facts['system']}; Python {facts['python']}; {packages}",
        *(f"- `{style}`: {model_id}" for style, model_id in measured.models.items()),
        f"- medians of {measured.repeats} interleaved runs; others used {measured.foreign_cores:.2f} cores",
    ]
    if measured.forced:
        lines.append("- **forced on a busy machine: do not quote these numbers**")
    return "\n".join(lines) + "\n"


def _by_batch(what: str, results: Sequence[Result], value: Callable[[Result, int], float]) -> str:
    batches = list(results[0].times_ms)
    rows = [
        (result.contender.name, result.precision, *(f"{value(result, batch):.1f}" for batch in batches))
        for result in results
    ]
    return markdown_table((what, "type", *map(str, batches)), rows)


def _work_table(measured: Measured) -> str:
    peaks = ", ".join(f"{name} {peak:.0f}" for name, peak in measured.peaks.items())
    header = ("at batch 1", "type", "GFLOP", "GFLOP/s", "of the peak", "start s", "MB")
    rows = [
        (
            result.contender.name,
            result.precision,
            f"{result.contender.gflop:.2f}",
            f"{result.gflop_per_s(1):.0f}",
            _percent(share_of_peak(result, 1, measured.peaks)),
            f"{result.start_s:.2f}",
            f"{result.memory_mb:.0f}",
        )
        for result in measured.results
    ]
    return f"{markdown_table(header, rows)}\nPeaks in GFLOP/s: {peaks}.\n"


def _ratio_table(results: Sequence[Result]) -> str:
    rows = [(name, *(f"{ratio:.2f}" for ratio in by.values())) for name, by in ratios(results).items()]
    return markdown_table(("times faster, in batches of", *map(str, results[0].times_ms)), rows)


def _worker_table(worker: FirstFace) -> str:
    row = (f"{worker.ready_s:.2f}", f"{worker.face_s:.2f}", f"{worker.memory_mb:.0f}")
    return markdown_table(("ready after s", "first face after s", "MB"), [row])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)
