"""`make bench`: every claim of speed, measured side by side in one run, printed and written as JSON.

PYTHONPATH=tests:. python -m tests.bench --output bench.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from inference.bench import command as network
from inference.bench.first_face import WorkerFailed
from inference.bench.race import BenchFailed
from inference.bench.report import as_json, as_text
from inference.quiet import MOST_FOREIGN_CORES, MachineBusy, foreign_cores, paused, running_trainers
from inference.weights import WeightsMissing
from tests.bench import answers, catalogues, chats, completions, crowd, startup

QUIET_OVER_S = 3.0


def main() -> int:
    """Pause trainers, refuse a busy machine, measure everything."""
    arguments = _parser().parse_args()
    try:
        with paused(running_trainers()):
            foreign = foreign_cores(QUIET_OVER_S)
            if foreign > MOST_FOREIGN_CORES and not arguments.force:
                raise MachineBusy(foreign)
            networks = network.measure(arguments.repeats, foreign=foreign, progress=_say)
            measured = {"network": as_json(networks), **_measure(arguments)}
    except (MachineBusy, WeightsMissing, BenchFailed, WorkerFailed) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    measured |= {"foreign_cores": round(foreign, 2), "forced": foreign > MOST_FOREIGN_CORES}
    arguments.output.write_text(json.dumps(measured, indent=2) + "\n")
    print(
        as_text(networks),
        answers.table(measured["answers"]),
        crowd.table(measured["crowd"]),
        chats.table(measured["chats"]),
        catalogues.table(measured["catalogues"]),
        completions.table(measured["completions"]),
        startup.table(measured["start"]),
        sep="\n",
    )
    print(f"Written to {arguments.output}.")
    return 0


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "answers": asyncio.run(answers.measure(arguments.questions, progress=_say)),
        "crowd": asyncio.run(crowd.measure(progress=_say)),
        "chats": chats.measure(progress=_say),
        "catalogues": asyncio.run(catalogues.measure(progress=_say)),
        "completions": asyncio.run(completions.measure(progress=_say)),
        "start": asyncio.run(startup.measure(arguments.starts, progress=_say)),
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure the network, answers in chat, emotes by name, and the start."
    )
    parser.add_argument("--output", type=Path, default=Path("bench.json"), help="(%(default)s)")
    parser.add_argument("--repeats", type=int, default=network.REPEATS, help="timed runs of each network (%(default)s)")
    parser.add_argument("--questions", type=int, default=100, help="questions in chat of each kind (%(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts of the program (%(default)s)")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine, and say so in the result")
    return parser


if __name__ == "__main__":
    sys.exit(main())
