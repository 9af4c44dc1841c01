"""`make soak-scale`: the whole installation under load and faults drawn by a seed; is anything lost, or answered twice?

PYTHONPATH=tests:. python -m tests.faults.soak --minutes 10 --seed 9

In the last two fifths of the time the bot lives on, whatever happens around it: there its memory and its open files
are watched.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import psutil
import structlog

from tests.bench.answers import single_emoji
from tests.faults.installation import Installation, Link, Plan, installation
from tests.faults.watching import DEAF_S, Crowd, Row
from tests.printing import print_line
from tests.servers.proxy import Cut, Mended

FAULT_EVERY_S = (2.0, 12.0)
LONGEST_CUT_S = 8.0
BOT_KILLS_UNTIL = 0.6
ROOMS = 60
EMOTES = 150
"""Asked for again and again, each time with another seed: the caches are full soon, and what grows then is no cache."""
SAMPLE_S = 1.0
PARTS = 6


@dataclass(slots=True)
class Soaked:
    """What came of it; the samples are resident megabytes and open files of the bot with its children."""

    row: Row = field(default_factory=Row)
    faults: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[float, int]] = field(default_factory=list)


async def soak(
    seconds: float, seed: int, progress: Callable[[str], None] = lambda line: None, *, deaf_s: float = DEAF_S
) -> Soaked:
    """One run. The same seed draws the same faults; what they meet depends on the machine. After `deaf_s` nobody hears
    any more what was said before."""
    plan = Plan(delays_s=(0.05, 0.05), settings={"queue.max_attempts": "20"})
    async with installation(plan) as place:
        soaked, began = Soaked(), time.monotonic()
        emotes = [*itertools.islice(single_emoji(), EMOTES)]
        crowd = Crowd(place, lambda number: f"{emotes[number % EMOTES]} seed:{number}", rooms=ROOMS)
        trouble = _Trouble(place, Random(seed))

        def share() -> float:
            return (time.monotonic() - began) / seconds

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(crowd.look_on())
            asking = group.create_task(crowd.ask_on())
            watching = group.create_task(_watch(place, share, soaked))
            while share() < 1:
                name = await trouble.next(may_kill_the_bot=share() < BOT_KILLS_UNTIL)
                soaked.faults[name] += 1
                progress(f"{share():.0%} {len(crowd.questions)} asked; {name}")
            asking.cancel()
            watching.cancel()
            ended_at = time.monotonic()
            accepted = await crowd.settled(deaf_s)
            crowd.look()
            looking.cancel()
        soaked.row = crowd.judged(accepted, ended_at)
        soaked.row.notes += [*crowd.refusals(), *place.discord.complaints]
        return soaked


async def _watch(place: Installation, share: Callable[[], float], soaked: Soaked) -> None:
    while True:
        await asyncio.sleep(SAMPLE_S)
        if share() > BOT_KILLS_UNTIL:
            with suppress(psutil.NoSuchProcess):
                own = psutil.Process(place.bot.pid)
                all_of_it = [own, *own.children(recursive=True)]
                rss = sum(each.memory_info().rss for each in all_of_it)
                soaked.samples.append((rss / 1e6, sum(each.num_fds() for each in all_of_it)))


class _Trouble:
    """One fault after the other, each over before the next begins."""

    def __init__(self, place: Installation, random: Random) -> None:
        self._place = place
        self._random = random
        self._workers = list(place.workers)
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "a worker is killed": self._worker_killed,
            "a worker hangs": self._worker_hangs,
            "an inference child is killed": self._child_killed,
            "NATS is killed": self._nats_killed,
            "PostgreSQL is killed": self._postgres_killed,
        }
        for link in (Link.BOT_NATS, Link.WORKER_NATS, Link.BOT_POSTGRES, Link.BOT_DISCORD):
            self._faults[link.value] = lambda link=link: self._cut(link)

    async def next(self, *, may_kill_the_bot: bool) -> str:
        """Wait a while, then do it and say what it was."""
        await asyncio.sleep(self._random.uniform(*FAULT_EVERY_S))
        name = self._random.choice([*self._faults, "the bot is killed"])
        if name == "the bot is killed":
            if not may_kill_the_bot:
                return await self.next(may_kill_the_bot=False)
            await self._place.kill_bot()
            await self._place.start_bot()
        else:
            await self._faults[name]()
        return name

    async def _worker_killed(self) -> None:
        number = self._random.randrange(len(self._workers))
        await self._workers[number].ended(signal.SIGKILL)
        await asyncio.sleep(self._random.uniform(0.0, 3.0))
        self._workers[number] = await self._place.start_worker(delay_s=0.05)

    async def _worker_hangs(self) -> None:
        process = psutil.Process(self._random.choice(self._workers).pid)
        process.suspend()
        await asyncio.sleep(self._random.uniform(1.0, 15.0))
        process.resume()

    async def _child_killed(self) -> None:
        for child in psutil.Process(self._random.choice(self._workers).pid).children():
            with suppress(psutil.NoSuchProcess):
                child.kill()

    async def _nats_killed(self) -> None:
        await self._place.nats.kill()
        await asyncio.sleep(self._random.uniform(0.0, 3.0))
        await self._place.nats.start()

    async def _postgres_killed(self) -> None:
        await asyncio.to_thread(self._place.postgres.kill)
        await asyncio.sleep(self._random.uniform(0.0, 3.0))
        await asyncio.to_thread(self._place.postgres.start)

    async def _cut(self, link: Link) -> None:
        await self._place.links[link].cut(self._random.choice(list(Cut)))
        await asyncio.sleep(self._random.uniform(0.5, LONGEST_CUT_S))
        await self._place.links[link].mend(self._random.choice(list(Mended)))


def table(soaked: Soaked) -> str:
    """For people to read."""
    row = soaked.row
    lines = [
        f"asked {row.asked}, not heard {row.unheard}, accepted {row.accepted}",
        f"faces {row.once}, answers in words {row.in_words}",
        f"lost {row.lost}, twice {row.double}; the last answer {row.last_s or 0:.1f} s after the end",
        *(f"{count:>5} × {name}" for name, count in sorted(soaked.faults.items())),
    ]
    part = len(soaked.samples) // PARTS
    if part:
        for number, unit in enumerate(("MB", "files")):
            values = [sample[number] for sample in soaked.samples]
            medians = [statistics.median(values[part * at : part * (at + 1)]) for at in range(PARTS)]
            lines.append(f"bot: {' → '.join(f'{median:.0f}' for median in medians)} {unit}, each over {part} s")
    return "\n".join(itertools.chain(lines, map(str, row.notes)))


def main() -> int:
    """Print the table; 1 when something was lost or answered twice."""
    parser = argparse.ArgumentParser(prog="make soak-scale", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=9, help="(%(default)s)")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    logging.disable()  # the local Discord's server says how its connections broke
    soaked = asyncio.run(soak(given.minutes * 60, given.seed, print_line))
    print_line(table(soaked))
    return 0 if soaked.row.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
