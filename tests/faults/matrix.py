"""The kill matrix: what is broken on purpose, and in which installation."""

from __future__ import annotations

import asyncio
import io
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import psutil
from PIL import Image

from tests.fakes.generators import BAD_RGB
from tests.faults.installation import Installation, Link, Plan
from tests.faults.watching import DEAF_S, Crowd, Words
from tests.servers.proxy import Cut, Mended

CUT_S = 30.0
LASTS_S = 5.0

DEFAULT = Plan()

Fault: TypeAlias = Callable[[Installation, Crowd], Awaitable[float | None]]
"""Returns the moment from which recovery counts: that of a kill, else None for now."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table; `emoji` asks for pictures that lie elsewhere. After `deaf_s` nobody hears any more what was
    said during the fault."""

    name: str
    fault: Fault
    plan: Plan = DEFAULT
    emoji: bool = False
    deaf_s: float = DEAF_S

    def words(self, place: Installation) -> Words | None:
        ids: list[int] = []

        def custom(number: int) -> str:
            ids.append(place.discord.files.add_emoji(_square((number % 256, number // 256, 90))))
            return f"<:e{number}:{ids[-1]}>"

        return custom if self.emoji else None


async def worker_killed(place: Installation, crowd: Crowd) -> float:
    """One of two, over a batch."""
    place.workers[0].process.send_signal(signal.SIGKILL)
    return time.monotonic()


async def worker_killed_before_acknowledging(place: Installation, crowd: Crowd) -> float:
    dying = await place.start_worker("tests.faults.dying_worker")
    assert await dying.ended() == -signal.SIGKILL
    return time.monotonic()


async def child_killed(place: Installation, crowd: Crowd) -> float:
    for child in psutil.Process(place.workers[0].pid).children():
        child.kill()
    return time.monotonic()


async def bot_killed(place: Installation, crowd: Crowd) -> float:
    await place.kill_bot()
    killed_at = time.monotonic()
    await place.start_bot()
    return killed_at


async def nats_killed(place: Installation, crowd: Crowd) -> float:
    await place.nats.kill()
    killed_at = time.monotonic()
    await place.nats.start()
    return killed_at


async def postgres_killed(place: Installation, crowd: Crowd) -> float:
    await asyncio.to_thread(place.postgres.kill)
    killed_at = time.monotonic()
    await asyncio.to_thread(place.postgres.start)
    return killed_at


async def cut(link: Link, how: Cut, seconds: float, place: Installation, crowd: Crowd) -> None:
    await place.links[link].cut(how)
    await asyncio.sleep(seconds)
    await place.links[link].mend(Mended.FORGOTTEN)


async def clock_jumps(of: str, by_s: float, place: Installation, crowd: Crowd) -> float:
    """The requests in work meet it half-way."""
    new = place.clock(of).with_suffix(".new")
    new.write_text(str(by_s))
    new.replace(place.clock(of))
    jumped_at = time.monotonic()
    await asyncio.sleep(LASTS_S)
    return jumped_at


async def poison(place: Installation, crowd: Crowd) -> float:
    """A picture that kills whatever draws it, among others."""
    emoji_id = place.discord.files.add_emoji(_square(BAD_RGB))
    for _ in range(3):
        crowd.ask()
    crowd.ask(f"<:bad:{emoji_id}>")
    for _ in range(3):
        crowd.ask()
    return time.monotonic()


async def slow_beside_fast(place: Installation, crowd: Crowd) -> float:
    began = time.monotonic()
    await asyncio.sleep(3 * LASTS_S)
    return began


async def worker_stopped_over_its_lease(place: Installation, crowd: Crowd) -> None:
    """Its jobs are delivered twice, and answered twice once it wakes up."""
    process = psutil.Process(place.workers[0].pid)
    stopped = [process, *process.children()]
    for each in stopped:
        each.suspend()
    await asyncio.sleep(3 * LASTS_S)
    for each in stopped:
        each.resume()


def entries(cut_s: float = CUT_S) -> Iterator[Entry]:
    """All rows that are about the whole installation."""
    two = Plan(delays_s=(0.5, 0.5))
    yield Entry("SIGKILL of a worker over a batch, one of two", worker_killed, two)
    yield Entry("SIGKILL of a worker between face and acknowledgement", worker_killed_before_acknowledging)
    yield Entry("SIGKILL of the inference child", child_killed, Plan(delays_s=(0.5,)))
    yield Entry("SIGKILL of the bot, started again", bot_killed, Plan(delays_s=(0.5,)), deaf_s=10)
    yield Entry("SIGKILL of NATS in live flow, started again", nats_killed)
    yield Entry("SIGKILL of PostgreSQL, started again", postgres_killed)
    for link in Link:
        plan = Plan(bucket=link is Link.BOT_BUCKET)
        for how, words in ((Cut.HOLE, "silence"), (Cut.BREAK, "connections refused")):
            name = f"{cut_s:.0f} s of {words} between {link.value}"
            yield Entry(name, partial(cut, link, how, cut_s), plan, emoji=link is Link.BOT_CDN)
    for of, whom in (("bot", "bot"), ("worker-0", "worker")):
        for by_s in (3600.0, -3600.0):
            name = f"the clock of the {whom} jumps by {by_s / 3600:+.0f} h"
            yield Entry(name, partial(clock_jumps, of, by_s), Plan(delays_s=(1.0,)))
    yield Entry("a picture that kills whatever draws it", poison, Plan(generator="dying"))
    yield Entry("a slow worker (3 s a batch) beside a fast one", slow_beside_fast, Plan(delays_s=(0.05, 3.0)))
    short = Plan(delays_s=(0.5, 0.5), settings={"queue.lease_s": "5"})
    yield Entry(
        "a worker stopped for three leases: its jobs delivered and answered twice", worker_stopped_over_its_lease, short
    )


def _square(rgb: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), rgb).save(buffer, "PNG")
    return buffer.getvalue()
