"""`make soak`: the real program under mixed load and seeded faults; nothing accepted may be lost or answered twice.

PYTHONPATH=tests:. python -m tests.bench.soak --minutes 20 --seed 9

People ask in several servers of a local Discord while connections break, Discord fails or loses its answers, processes
are killed, stopped and restarted. In the last two fifths of the time the program itself lives on: there its memory
and its open files are watched. Afterwards every accepted request is looked for in the store and in the channels.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from bot.models import RequestState
from tests.bench.answers import single_emoji
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message
from tests.printing import print_line
from tests.program import Program, running_program

SERVERS, PEOPLE, EMOTES = 5, 60, 150
ASKED_PER_S = 6.0
FAULT_EVERY_S = (1.0, 6.0)
KILLS_UNTIL = 0.6  # of the time; from then on the program is not restarted, and watched
DRAIN_S = 180.0
SETTINGS = {
    "inference.runtime": "fakes.generators:instant",
    "servers.cooldown_s": "0",
    "servers.outstanding_per_user": "8",
    "servers.outstanding_per_channel": "32",
    "shutdown.grace_s": "2",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Of the program and all its children, `faces` answers after the start."""

    faces: int
    rss_mb: float
    files: int


@dataclass(slots=True)
class Result:
    """Requests by how they ended; `lost` and `twice` are the ids of those that went wrong."""

    asked: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    drained_s: float = 0.0


async def soak(seconds: float, seed: int, progress: Callable[[str], None] = lambda line: None) -> Result:
    """One run. The same seed draws the same questions and faults; what they meet depends on the machine."""
    with tempfile.TemporaryDirectory() as folder:
        async with FakeDiscord(interaction_limit_s=60) as discord:
            run = _Soak(discord, Path(folder), Random(seed), progress)
            await run.through(seconds)
            return run.result


class _Soak:
    def __init__(self, discord: FakeDiscord, folder: Path, random: Random, progress: Callable[[str], None]) -> None:
        self.result = Result()
        self._discord = discord
        self._folder = folder
        self._random = random
        self._progress = progress
        servers = [discord.guild, *(discord.add_guild(f"Server {number}") for number in range(1, SERVERS))]
        self._channels = [next(c for c in discord.channels.values() if c.guild is server) for server in servers]
        self._people = [discord.user(f"person {number}") for number in range(PEOPLE)]
        for server in servers[1:]:
            server.members.extend(person for person in self._people if person not in server.members)
        self._emotes = list(itertools.islice(single_emoji(), EMOTES))
        self._questions: list[Message] = []
        self._interactions: list[Interaction] = []
        self._program: Program | None = None
        self._end: signal.Signals | None = None
        self._ended = asyncio.Event()
        self._up = asyncio.Event()

    async def through(self, seconds: float) -> None:
        async with self._program_kept_running():
            await self._up.wait()
            began = time.monotonic()

            def share() -> float:
                return (time.monotonic() - began) / seconds

            async with asyncio.TaskGroup() as group:
                group.create_task(self._ask(share))
                group.create_task(self._trouble(share))
                group.create_task(self._watch(share))
            self._discord.http.faults.clear()
            self._progress("waiting for the last answers")
            drained_at = time.monotonic()
            await self._drained()
            self.result.drained_s = time.monotonic() - drained_at
        self._judge()

    # the program

    @asynccontextmanager
    async def _program_kept_running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep_running())
            yield
            keeping.cancel()

    async def _keep_running(self) -> None:
        while True:
            async with running_program(self._folder, SETTINGS | self._discord.variables()) as program:
                self._program = program
                await program.logged("discord_connected")
                await self._discord.until(lambda: self._discord.commands)
                self._up.set()
                await self._ended.wait()
                self._up.clear()
                self._ended.clear()
                assert self._end is not None
                await program.ended(self._end)

    def _restart(self, with_signal: signal.Signals) -> None:
        self._end = with_signal
        self._ended.set()

    def _processes(self) -> list[psutil.Process]:
        if self._program is None or self._program.process.returncode is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            own = psutil.Process(self._program.pid)
            return [own, *own.children(recursive=True)]
        return []

    def _child(self, part: str) -> psutil.Process | None:
        for process in self._processes()[1:]:
            with suppress(psutil.NoSuchProcess):
                if any(part in word for word in process.cmdline()):
                    return process
        return None

    # load

    async def _ask(self, share: Callable[[], float]) -> None:
        draw = Random(self._random.random())
        while share() < 1:
            await asyncio.sleep(draw.expovariate(ASKED_PER_S))
            channel, person = draw.choice(self._channels), draw.choice(self._people)
            emote, seed = draw.choice(self._emotes), draw.randrange(50)
            self.result.asked += 1
            if draw.random() < 0.5:
                self._interactions.append(self._discord.interact(channel, person, emote=emote, seed=seed))
            else:
                words = f"{self._discord.bot.mention} {emote} seed:{seed}"
                self._questions.append(self._discord.say(channel, person, words))

    # faults

    async def _trouble(self, share: Callable[[], float]) -> None:
        draw = Random(self._random.random())
        faults = dict(self._faults(draw))
        kills = {"the program is killed", "the program is restarted"}
        while share() < 1:
            await asyncio.sleep(draw.uniform(*FAULT_EVERY_S))
            await self._up.wait()
            name = draw.choice([name for name in faults if share() < KILLS_UNTIL or name not in kills])
            self.result.faults[name] += 1
            self._progress(f"{share():.0%} {self.result.asked} asked; {name}")
            await faults[name]()

    def _faults(self, draw: Random) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        async def dropped(*, forget: bool) -> None:
            self._discord.drop_gateway(draw.choice([1000, 1012, 4000, 4007, 4009]), forget=forget)

        async def failing(status: int | None, *, after: bool = False) -> None:
            method = draw.choice(["POST", "PATCH"])
            self._discord.fail_next(method, "/messages|/webhooks", status, times=draw.randint(1, 4), after=after)

        async def limited() -> None:
            self._discord.refuse_next("POST", "/messages", "user", draw.uniform(0.05, 1.0), times=draw.randint(1, 3))

        async def killed(part: str) -> None:
            if child := self._child(part):
                with suppress(psutil.NoSuchProcess):
                    child.kill()

        async def stopped(part: str) -> None:
            if child := self._child(part):
                with suppress(psutil.NoSuchProcess):
                    child.suspend()
                    await asyncio.sleep(draw.uniform(0.5, 3.0))
                    child.resume()

        async def away() -> None:
            await self._discord.stop()
            await asyncio.sleep(draw.uniform(0.2, 2.0))
            await self._discord.start(self._discord.port)

        async def ended(with_signal: signal.Signals) -> None:
            self._restart(with_signal)

        yield "the gateway drops", lambda: dropped(forget=False)
        yield "the gateway forgets", lambda: dropped(forget=True)
        yield "Discord fails", lambda: failing(draw.choice([500, 502, 503]))
        yield "connections are cut", lambda: failing(None)
        yield "answers of Discord are lost", lambda: failing(None, after=True)
        yield "Discord limits", limited
        yield "Discord is away", away
        yield "the inference child is killed", lambda: killed("inference")
        yield "the inference child hangs", lambda: stopped("inference")
        yield "the decoder is killed", lambda: killed("bot.decode")
        yield "the program is killed", lambda: ended(signal.SIGKILL)
        yield "the program is restarted", lambda: ended(signal.SIGTERM)

    # what is watched

    async def _watch(self, share: Callable[[], float]) -> None:
        while share() < 1:
            await asyncio.sleep(1.0)
            if share() > KILLS_UNTIL and self._up.is_set():
                with suppress(psutil.NoSuchProcess):
                    processes = self._processes()
                    rss = sum(process.memory_info().rss for process in processes)
                    files = sum(process.num_fds() for process in processes)
                    self.result.samples.append(Sample(self._faces(), rss / 1e6, files))

    def _faces(self) -> int:
        return sum(
            bool(message.pictures()) for message in self._discord.messages if message.author is self._discord.bot
        )

    async def _drained(self) -> None:
        async with asyncio.timeout(DRAIN_S):
            while any(not RequestState(state).is_final for _, state in self._rows()):
                await asyncio.sleep(0.2)

    def _rows(self) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(self._folder / "emoteface.db", timeout=30)) as database:
            return database.execute("SELECT id, state FROM request").fetchall()

    def _judge(self) -> None:
        """A file bears the id of its request; a question never has two answers, words or pictures."""
        shown = Counter[str]()
        for message in self._discord.messages:
            if message.author is self._discord.bot and not message.deleted:
                shown.update(each.filename.lower() for each in message.attachments)
        for request_id, state in self._rows():
            self.result.states[state] += 1
            files = sum(count for name, count in shown.items() if request_id.lower() in name)
            if files > 1:
                self.result.twice.append(request_id)
            elif not RequestState(state).is_final or (state == RequestState.ANSWERED and not files):
                self.result.lost.append(request_id)
        for question in self._questions:
            if len(self._discord.replies_to(question)) > 1:
                self.result.twice.append(f"question {question.id}")
        for interaction in self._interactions:
            if len(interaction.followups) > 1:
                self.result.twice.append(f"interaction {interaction.id}")


def table(result: Result) -> str:
    """For people to read."""
    lines = [f"asked {result.asked}, accepted {sum(result.states.values())}: {dict(result.states)}"]
    lines += [
        f"lost {len(result.lost)}, twice {len(result.twice)}; the last answer {result.drained_s:.1f} s after the end"
    ]
    lines += [f"{count:>5} × {name}" for name, count in sorted(result.faults.items())]
    if len(result.samples) >= 10:
        part = len(result.samples) // 5
        first, last = result.samples[part : 2 * part], result.samples[-part:]
        faces = last[-1].faces - first[0].faces
        for name, unit in (("rss_mb", " MB"), ("files", "")):
            before, after = (statistics.median(getattr(each, name) for each in some) for some in (first, last))
            lines.append(f"{name}: {before:.0f}{unit} → {after:.0f}{unit} over {faces} faces")
    return "\n".join(lines)


def main() -> int:
    """Print the table; 1 when something was lost or answered twice."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=9, help="(%(default)s)")
    given = parser.parse_args()
    result = asyncio.run(soak(given.minutes * 60, given.seed, print_line))
    print_line(table(result))
    for request_id in [*result.lost, *result.twice]:
        print_line(request_id)
    return 1 if result.lost or result.twice else 0


if __name__ == "__main__":
    sys.exit(main())
