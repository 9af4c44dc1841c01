"""`make bench-scale`: break everything on purpose, with real processes and servers, and see what comes of it.

PYTHONPATH=tests:. python -m tests.faults [--only WORDS] [--cut-s 30]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from datetime import UTC, datetime

import structlog

from tests.faults.installation import installation
from tests.faults.matrix import CUT_S, Entry, entries
from tests.faults.smaller import smaller_rows
from tests.faults.watching import Row, through
from tests.printing import print_line

HEADER = "| fault | accepted | face | words | lost | twice | not heard | first answer, s | last face, s | load |"


async def row(entry: Entry) -> Row:
    """In an installation of its own."""
    async with installation(entry.plan) as place:
        return await through(place, entry.fault, words=entry.words(place), deaf_s=entry.deaf_s)


async def main(only: str, cut_s: float) -> int:
    """Print the table; 1 when something was lost or answered twice."""
    rows = {entry.name: (lambda entry=entry: row(entry)) for entry in entries(cut_s)} | smaller_rows()
    print_line(f"{os.cpu_count()} cores, {datetime.now(UTC):%d %B %Y, %H:%M} UTC; the load is that before the row\n")
    print_line(HEADER)
    print_line("|---|" + "---:|" * 9)
    bad = 0
    for name, play in rows.items():
        if only not in name:
            continue
        load = os.getloadavg()[0]
        result = await play()
        bad += not result.is_good
        print_line(f"| {name} | {result.cells()} | {load:.0f} |")
        for note in result.notes:
            sys.stderr.write(f"  {name}: {note}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="rows with these words in their names")
    parser.add_argument("--cut-s", type=float, default=CUT_S, help="how long networks are cut (%(default)s)")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    logging.disable()  # the local Discord's server says how its connections broke
    sys.exit(asyncio.run(main(given.only, given.cut_s)))
