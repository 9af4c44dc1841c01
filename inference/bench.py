"""`python -m inference bench`: the network as published against the way it is served, side by side.

Every contender is a process of its own, so that start-up time and memory are its own too; they take turns, one timed
batch at a time, so that whatever else happens on the machine happens to all of them.
"""

import argparse
import itertools
import json
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from inference.feeds import Feed, Floats
from inference.protocol import Style
from inference.quiet import MOST_FOREIGN_CORES, MachineBusy, foreign_cores, paused, running_trainers
from inference.runtimes import Generator
from inference.weights import WeightsMissing, shipped

BATCHES = (1, 4, 8)
REPEATS = 20
PUBLISHED_WIDTH = 512
START_TIMEOUT_S = 120
CALL_TIMEOUT_S = 120
BASELINE = "published"


class BenchFailed(Exception):
    """A contender did not start, died or hung."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to run the network: `kind` is `published` (a width) or the precision of the served `model`."""

    name: str
    kind: str
    width: int
    model: Path
    threads: int


def contenders(model: Path, width: int, threads: int = 0) -> list[Contender]:
    """The published network at its own and at the shipped width, and the serving path in its precisions."""
    published = [Contender(f"{BASELINE} w{each}", BASELINE, each, model, threads) for each in {PUBLISHED_WIDTH, width}]
    served = [Contender(f"served {kind}", kind, width, model, threads) for kind in ("auto", "f32")]
    return [*sorted(published, key=lambda each: -each.width), *served]


def measure(
    entrants: Sequence[Contender],
    *,
    batches: Sequence[int] = BATCHES,
    repeats: int = REPEATS,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Plain JSON values: per contender start-up, memory and medians by batch; the ratios to the published network."""
    with ExitStack() as processes:
        running = []
        for entrant in entrants:  # one after the other: each has the machine for its start
            progress(f"starting {entrant.name}")
            running.append(processes.enter_context(_started(entrant)))
        for each, batch in itertools.product(running, batches):
            each.time_ms(batch)  # builds kernels
        samples: dict[tuple[str, int], list[float]] = {(e.contender.name, b): [] for e in running for b in batches}
        for repeat in range(repeats):
            progress(f"round {repeat + 1} of {repeats}")
            for batch, each in itertools.product(batches, running):
                samples[each.contender.name, batch].append(each.time_ms(batch))
        rows = [_row(each, {batch: samples[each.contender.name, batch] for batch in batches}) for each in running]
    return {"machine": machine(), "repeats": repeats, "contenders": rows, "ratios": _ratios(rows)}


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _cpu_info().splitlines() if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": multiprocessing.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("openvino", "torch", "numpy")},
    }


def _cpu_info() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""


class _Running:
    """A contender's process, ready to be timed."""

    def __init__(self, contender: Contender, connection: Connection, start_s: float) -> None:
        self.contender = contender
        self.start_s = start_s
        self._connection = connection

    def time_ms(self, batch: int) -> float:
        return float(self._ask(batch))

    def facts(self) -> dict[str, Any]:
        return dict(self._ask(0))

    def _ask(self, question: int) -> Any:
        self._connection.send(question)
        return _received(self._connection, self.contender, CALL_TIMEOUT_S)


@contextmanager
def _started(contender: Contender) -> Iterator[_Running]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, contender), daemon=True)
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        _received(ours, contender, START_TIMEOUT_S)
        yield _Running(contender, ours, time.perf_counter() - began)
    finally:
        ours.close()
        process.join(timeout=5)
        process.kill()
        process.join()


def _received(connection: Connection, contender: Contender, timeout_s: float) -> Any:
    try:
        if connection.poll(timeout_s):
            return connection.recv()
    except (EOFError, ConnectionResetError):
        raise BenchFailed(f"{contender.name} died") from None
    raise BenchFailed(f"{contender.name} hung for {timeout_s} s")


def _serve(connection: Connection, contender: Contender) -> None:
    """The contender's process: load, draw once, then time what is asked for until the other side hangs up."""
    network, precision = _load(contender)
    images = np.random.default_rng(0).uniform(-1, 1, (max(BATCHES), 3, 16, 16)).astype(np.float32)
    network({"image": images[:1]})
    connection.send("ready")
    while True:
        try:
            batch = connection.recv()
        except EOFError:
            return
        if batch:
            network({"image": images[:batch]})  # the one before was another contender's: get weights and threads back
            began = time.perf_counter()
            network({"image": images[:batch]})
            connection.send((time.perf_counter() - began) * 1e3)
        else:
            peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            connection.send({"memory_mb": round(peak_kib / 1024), "precision": precision})


def _load(contender: Contender) -> tuple[Generator, str]:
    if contender.kind == BASELINE:
        return _published(contender), "f32"
    from inference.runtimes.openvino import OpenVinoGenerator

    precision: Any = contender.kind
    served = OpenVinoGenerator(contender.model, threads=contender.threads, precision=precision)
    return served, served.precision


def _published(contender: Contender) -> Generator:
    """Unfolded, eager, float32. Its weights are random: they do not change how long it takes."""
    import torch

    from inference.networks.classic import ClassicGenerator

    if contender.threads:
        torch.set_num_threads(contender.threads)
    network = ClassicGenerator(contender.width).eval()

    @torch.inference_mode()
    def draw(feed: Feed, /) -> Floats:
        faces: Floats = network(torch.from_numpy(feed["image"])).numpy()
        return faces

    return draw


def _row(running: _Running, samples_ms: dict[int, list[float]]) -> dict[str, Any]:
    return {
        "name": running.contender.name,
        "width": running.contender.width,
        **running.facts(),
        "start_s": round(running.start_s, 2),
        "batches": {
            str(batch): {
                "median_ms": round(statistics.median(times), 2),
                "worst_ms": round(max(times), 2),
                "pictures_per_s": round(batch * 1e3 / statistics.median(times), 1),
            }
            for batch, times in samples_ms.items()
        },
    }


def _ratios(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How many times faster each served row is than each published one, by batch."""
    published = [row for row in rows if row["name"].startswith(BASELINE)]
    served = [row for row in rows if row not in published]
    return {
        f"{ours['name']} over {theirs['name']}": {
            batch: round(theirs["batches"][batch]["median_ms"] / ours["batches"][batch]["median_ms"], 2)
            for batch in ours["batches"]
        }
        for ours, theirs in itertools.product(served, published)
    }


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    facts = measured["machine"]
    lines = [f"{facts['cpu']}, {facts['cores']} cores; medians of {measured['repeats']} interleaved runs"]
    if measured.get("forced"):
        lines.append(
            f"FORCED ON A BUSY MACHINE: others used {measured['foreign_cores']} cores; do not quote these numbers"
        )
    batches = list(measured["contenders"][0]["batches"])
    lines.append(f"{'':<22}" + "".join(f"{'batch ' + batch:>22}" for batch in batches) + f"{'start':>10}{'memory':>10}")
    for row in measured["contenders"]:
        times = [f"{each['median_ms']:.1f} ms {each['pictures_per_s']:>6.1f}/s" for each in row["batches"].values()]
        label = f"{row['name']} ({row['precision']})"
        lines.append(
            f"{label:<22}" + "".join(f"{each:>22}" for each in times) + f"{row['start_s']:>8} s{row['memory_mb']:>7} MB"
        )
    lines += [
        f"{name:<34}" + "".join(f"  {ratio:.2f}x" for ratio in by.values()) for name, by in measured["ratios"].items()
    ]
    return "\n".join(lines) + "\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to measure; what is measured is fixed."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="timed runs of each (%(default)s)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves it to the runtimes (%(default)s)")
    parser.add_argument("--pause-pid", type=int, action="append", default=[], help="stop this process meanwhile, too")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine, and say so in the result")


def run(arguments: argparse.Namespace) -> int:
    """Pause trainers, refuse a busy machine, measure, print."""
    try:
        model = shipped(Style.CLASSIC)
        entrants = contenders(model.path, served_width(model.path), arguments.threads)
        with paused([*running_trainers(), *arguments.pause_pid]):
            foreign = foreign_cores()
            if foreign > MOST_FOREIGN_CORES and not arguments.force:
                raise MachineBusy(foreign)
            measured = measure(entrants, repeats=arguments.repeats, progress=_say)
    except (WeightsMissing, BenchFailed, MachineBusy) as error:
        hint = "; wait, or add --force" if isinstance(error, MachineBusy) else ""
        sys.stderr.write(f"bench: {error}{hint}\n")
        return 1
    measured |= {
        "model_id": model.model_id,
        "foreign_cores": round(foreign, 2),
        "forced": foreign > MOST_FOREIGN_CORES,
    }
    sys.stdout.write(json.dumps(measured, indent=2) + "\n" if arguments.json else table(measured))
    return 0


def served_width(model: Path) -> int:
    """The channel count of the exported network, from its first convolution."""
    import onnx

    graph = onnx.load(model).graph
    return next(int(each.dims[0]) for each in graph.initializer if each.name == "entry.weight")


def _say(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
