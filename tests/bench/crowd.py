"""Many servers at once, through the real program and a local Discord, with a network that takes no time.

What is measured is everything but the network: gateway, grammar, store, queue, fairness, rendering, posting.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.answers import ready, single_emoji
from tests.fakes.discord.limits import Limit
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Guild, Interaction, Message
from tests.program import running_program

SERVERS, EMOTES, QUESTIONS, WITHIN_S = 50, 50, 500, 5.0
QUIET_QUESTIONS = 60
FLOODERS = 32  # as many as one server may have outstanding, all the time
PATIENCE_S = 60.0
LIMITS = [Limit("POST", "/messages$", 5, 5.0), Limit("", r"/webhooks/\d+/", 5, 2.0)]
LIMIT_OF_ALL = Limit("", "", 50, 1.0)


async def measure(progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """A crowd in many servers; then one server that asks rarely, alone and beside one that floods."""
    async with _crowd() as crowd:
        progress(f"{QUESTIONS} questions in {SERVERS} servers within {WITHIN_S:.0f} s")
        everywhere = await crowd.everywhere()
        progress("a quiet server, alone")
        quiet = crowd.servers[0]
        alone = await crowd.one_at_a_time(quiet, QUIET_QUESTIONS)
        progress("a quiet server, beside one that floods")
        async with crowd.flood(crowd.servers[1]) as flood:
            beside = await crowd.one_at_a_time(quiet, QUIET_QUESTIONS)
        limits = crowd.discord.http.limits
        return {
            "everywhere": everywhere,
            "alone": _summary(alone),
            "beside_flood": _summary(beside),
            "flood_per_s": round(flood.answered / flood.lasted_s, 1),
            "p99_ratio": round(_p99(beside) / _p99(alone), 2),
            "limited": dict(limits.refused),
            "limits_ignored": limits.ignored,
            "complaints": len(crowd.discord.complaints),
        }


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    crowd, alone, beside = (measured[name] for name in ("everywhere", "alone", "beside_flood"))
    return (
        f"{crowd['questions']} /face of {EMOTES} emotes in {SERVERS} servers within {WITHIN_S:.0f} s, no network\n"
        f"answered once {crowd['answered_once']}, twice {crowd['answered_twice']}, not {crowd['unanswered']}; "
        f"p50 {crowd['p50_ms']:.0f} ms, p99 {crowd['p99_ms']:.0f} ms; the last {crowd['last_after_s']:.2f} s after "
        f"the first question\n"
        f"a quiet server alone              p50 {alone['p50_ms']:>6.1f} ms   p99 {alone['p99_ms']:>6.1f} ms\n"
        f"beside one with {measured['flood_per_s']:>5.1f} faces a second  p50 {beside['p50_ms']:>6.1f} ms   "
        f"p99 {beside['p99_ms']:>6.1f} ms   {measured['p99_ratio']:.2f}x\n"
        f"429 {sum(measured['limited'].values())}, ignored {measured['limits_ignored']}; "
        f"malformed requests {measured['complaints']}\n"
    )


@dataclass(slots=True)
class _Flood:
    answered: int = 0
    lasted_s: float = 0.0


@dataclass(slots=True)
class _Crowd:
    """Servers of a local Discord with the program in them."""

    discord: _Discord
    servers: list[Guild]
    _seeds: itertools.count[int] = field(default_factory=itertools.count)

    async def everywhere(self) -> dict[str, Any]:
        """Questions at an even pace, each by somebody else."""
        emotes = list(itertools.islice(single_emoji(), EMOTES))
        began = time.perf_counter()
        waits: list[asyncio.Task[tuple[Interaction, float]]] = []
        async with asyncio.TaskGroup() as group:
            for number in range(QUESTIONS):
                await asyncio.sleep(max(0.0, began + WITHIN_S * number / QUESTIONS - time.perf_counter()))
                channel = self.discord.channel_of(self.servers[number % SERVERS])
                waits.append(group.create_task(self._asked(channel, emotes[number % EMOTES])))
        lasted_s = time.perf_counter() - began
        done = [wait.result() for wait in waits]
        pictures = [_faces_of(interaction) for interaction, _ in done]
        return {
            "questions": QUESTIONS,
            "answered_once": pictures.count(1),
            "answered_twice": sum(count > 1 for count in pictures),
            "unanswered": pictures.count(0),
            "words_instead": sum(bool(interaction.followups) for interaction, _ in done),
            "expired": sum(interaction.expired for interaction, _ in done),
            "last_after_s": round(lasted_s, 2),
            **_summary([ms for _, ms in done]),
        }

    async def one_at_a_time(self, server: Guild, questions: int) -> list[float]:
        """Milliseconds of each, none of which was drawn before."""
        channel = self.discord.channel_of(server)
        return [(await self._asked(channel, "😂", seed=next(self._seeds)))[1] for _ in range(questions)]

    @asynccontextmanager
    async def flood(self, server: Guild) -> AsyncIterator[_Flood]:
        """As many questions outstanding in this server as it may have, all through the block."""
        flood, channel = _Flood(), self.discord.channel_of(server)

        async def ask_again_and_again() -> None:
            while True:
                await self._asked(channel, "🍕", seed=next(self._seeds))
                flood.answered += 1

        async with asyncio.TaskGroup() as group:
            flooders = [group.create_task(ask_again_and_again()) for _ in range(FLOODERS)]
            await self.discord.until(lambda: flood.answered >= FLOODERS, PATIENCE_S)
            flood.answered, began = 0, time.perf_counter()
            yield flood
            flood.lasted_s = time.perf_counter() - began
            for flooder in flooders:
                flooder.cancel()

    async def _asked(self, channel: Channel, shown: str, **options: int) -> tuple[Interaction, float]:
        """Ask as somebody new and wait for the picture, or for words instead of it."""
        began = time.perf_counter()
        person = self.discord.user("somebody", guild=channel.guild)
        interaction = self.discord.interact(channel, person, emote=shown, **options)
        ended = self.discord.waiting[interaction] = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await ended
        return interaction, (time.perf_counter() - began) * 1000


class _Discord(FakeDiscord):
    """Says so the moment an interaction has its picture, or words instead; it costs too much to look for that."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[Interaction, asyncio.Future[float]] = {}

    def publish(self, message: Message) -> None:
        super().publish(message)
        interaction = message.interaction
        if interaction is not None and interaction.original is not None and interaction.original is not message:
            self._ended(interaction)  # a follow-up

    def announce_edit(self, message: Message) -> None:
        super().announce_edit(message)
        if message.interaction is not None and message.pictures():
            self._ended(message.interaction)

    def _ended(self, interaction: Interaction) -> None:
        ended = self.waiting.pop(interaction, None)
        if ended is not None and not ended.done():
            ended.set_result(time.perf_counter())


def _faces_of(interaction: Interaction) -> int:
    original = interaction.original
    return len(original.pictures()) if original is not None else 0


@asynccontextmanager
async def _crowd() -> AsyncIterator[_Crowd]:
    async with _Discord() as discord, aiohttp.ClientSession() as session:
        servers = [discord.add_guild(f"Server {number}") for number in range(SERVERS)]
        settings = {
            "inference.runtime": "fakes.generators:instant",
            "servers.outstanding_per_channel": str(FLOODERS),
            **discord.variables(),
        }
        with tempfile.TemporaryDirectory() as folder:
            async with running_program(Path(folder), settings) as program:
                await ready(session, program)
                await discord.until(lambda: discord.commands)
                crowd = _Crowd(discord, servers)
                await crowd.one_at_a_time(servers[-1], 5)  # whatever is loaded at the first use
                discord.http.limits.limits, discord.http.limits.limit_of_all = list(LIMITS), LIMIT_OF_ALL
                yield crowd


def _p99(times_ms: list[float]) -> float:
    return statistics.quantiles(times_ms, n=100, method="inclusive")[98]


def _summary(times_ms: list[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(times_ms), 1), "p99_ms": round(_p99(times_ms), 1)}
