"""`python -m inference bench`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from config.settings import load_settings
from inference.bench.first_face import FirstFace, WorkerFailed, first_face
from inference.bench.race import BenchFailed, race
from inference.bench.report import Measured, as_json, as_text, sections
from inference.model_card import NoSuchSection, update_cards
from inference.quiet import MOST_FOREIGN_CORES, MachineBusy, foreign_cores, paused, running_trainers
from inference.weights import WeightsMissing, shipped, shipped_styles

BATCHES = (1, 2, 4, 8, 16, 32)
REPEATS = 10
STARTS = 5
PEAK_S = 2.0
"""How long each size of matrix is multiplied, again and again."""
REFUSALS = (WeightsMissing, BenchFailed, WorkerFailed, MachineBusy, NoSuchSection)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to measure; what is measured is fixed."""
    add = parser.add_argument
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--card", type=Path, action="append", default=[], help="Markdown file with sections to update; repeatable")
    add("--repeats", type=int, default=REPEATS, help="timed runs of each (%(default)s)")
    add("--threads", type=int, default=0, help="CPU threads; 0 leaves it to the runtimes (%(default)s)")
    add("--pause-pid", type=int, action="append", default=[], help="stop this process meanwhile, too")
    add("--force", action="store_true", help="measure on a busy machine, and say so in the result")


def run(arguments: argparse.Namespace) -> int:
    """Pause trainers, refuse a busy machine, measure, print."""
    try:
        with paused([*running_trainers(), *arguments.pause_pid]):
            foreign = foreign_cores()
            if foreign > MOST_FOREIGN_CORES and not arguments.force:
                raise MachineBusy(foreign)
            measured = measure(arguments.repeats, arguments.threads, foreign, _say)
        update_cards(arguments.card, sections(measured))
    except REFUSALS as error:
        hint = "; wait, or add --force" if isinstance(error, MachineBusy) else ""
        sys.stderr.write(f"bench: {error}{hint}\n")
        return 1
    sys.stdout.write(json.dumps(as_json(measured), indent=2) + "\n" if arguments.json else as_text(measured))
    return 0


def measure(
    repeats: int, threads: int = 0, foreign: float = 0.0, progress: Callable[[str], None] = lambda line: None
) -> Measured:
    """Everything that ships, on this machine. `foreign` is what others use of it, in CPU cores."""
    # Here, for the measured processes load the main program's modules, too.
    from inference.bench.lineup import lineup
    from inference.bench.peak import cpu_peaks, gpu_peak

    styles = shipped_styles()
    results = race(lineup(styles, threads), BATCHES, repeats, progress)
    progress("multiplying matrices")
    peaks = {f"cpu {name}": peak for name, peak in cpu_peaks(threads, PEAK_S).items()}
    if any(result.contender.device == "cuda" for result in results):
        peaks["cuda bf16"] = gpu_peak(PEAK_S)
    return Measured(
        models={style.value: shipped(style).model_id for style in styles},
        repeats=repeats,
        results=results,
        peaks=peaks,
        worker=_worker(threads, progress),
        foreign_cores=round(foreign, 2),
        forced=foreign > MOST_FOREIGN_CORES,
    )


def _worker(threads: int, progress: Callable[[str], None]) -> FirstFace:
    """With compiled networks kept between starts, as the program keeps them."""
    with TemporaryDirectory() as folder:
        changes = {"threads": threads, "cache_dir": Path(folder)}
        return first_face(load_settings().inference.model_copy(update=changes), STARTS, progress)


def _say(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line}" if sys.stderr.isatty() else f"{line}\n")
