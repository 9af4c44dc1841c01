"""From `/face` to the posted picture, through the real program and a local Discord, one question at a time.

Cold questions name an emoji nobody asked for yet; cached ones repeat those. Both kinds take turns, so that whatever
else happens on the machine happens to both.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import emoji

from bot.emotes.unicode import UnicodeCatalogue
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, User
from tests.program import Program, running_program

KINDS = ("cold", "cached")
_INFERENCE_SUM = re.compile(rb"^emoteface_inference_seconds_sum (\S+)", re.MULTILINE)


async def measure(questions: int, progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Milliseconds by kind, and how much of a cold answer is the network's."""
    async with FakeDiscord() as discord, aiohttp.ClientSession() as session:
        settings = {"servers.cooldown_s": "0", **discord.variables()}  # one person asks again and again
        with tempfile.TemporaryDirectory() as folder:
            async with running_program(Path(folder), settings) as program:
                await ready(session, program)
                await discord.until(lambda: discord.commands)
                asking = _Asking(discord, discord.add_channel("bench"), discord.user("bench"))
                for warming in itertools.islice(single_emoji(), questions, questions + 3):
                    await asking.milliseconds(warming)
                before_s = await _inference_s(session, program)
                times: dict[str, list[float]] = {kind: [] for kind in KINDS}
                for number, shown in enumerate(itertools.islice(single_emoji(), questions)):
                    progress(f"question {number + 1} of {questions}")
                    for kind in KINDS:
                        times[kind].append(await asking.milliseconds(shown))
                drawn_ms = (await _inference_s(session, program) - before_s) * 1000
    network_ms = drawn_ms / questions
    return {
        "questions": questions,
        **{kind: _summary(times[kind]) for kind in KINDS},
        "network_ms": round(network_ms, 2),
        "share_not_network": round(1 - network_ms / statistics.mean(times["cold"]), 3),
        "cold_to_cached": round(statistics.median(times["cold"]) / statistics.median(times["cached"]), 2),
    }


async def ready(session: aiohttp.ClientSession, program: Program) -> None:
    """Return once every part of the program is ready."""
    await program.logged("web_started")
    while True:
        async with session.get(f"{program.url}/health/ready") as answer:
            if answer.status == 200:
                return
        await asyncio.sleep(0.005)


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    lines = [f"/face through a local Discord, {measured['questions']} questions each, one at a time"]
    for kind in KINDS:
        row = measured[kind]
        lines.append(f"{kind:<8}  p50 {row['p50_ms']:>7.1f} ms   p99 {row['p99_ms']:>7.1f} ms")
    lines.append(
        f"the network takes {measured['network_ms']:.1f} ms of a cold answer; "
        f"{measured['share_not_network']:.0%} is not the network; cold takes {measured['cold_to_cached']:.2f}x cached"
    )
    return "\n".join(lines) + "\n"


class _Asking:
    """One person in one channel who waits for each answer."""

    def __init__(self, discord: FakeDiscord, channel: Channel, user: User) -> None:
        self._discord, self._channel, self._user = discord, channel, user

    async def milliseconds(self, shown: str) -> float:
        began = time.perf_counter()
        interaction = self._discord.interact(self._channel, self._user, emote=shown)
        await self._discord.until(lambda: interaction.original and interaction.original.attachments)
        return (time.perf_counter() - began) * 1000


def single_emoji() -> Iterator[str]:
    """Single emoji the program has pictures of, each with a picture of its own."""
    catalogue = UnicodeCatalogue.load()
    for shown, facts in emoji.EMOJI_DATA.items():
        if facts["status"] == emoji.STATUS["fully_qualified"] and len(shown) == 1 and catalogue.emoji_at(shown, 0):
            yield shown


async def _inference_s(session: aiohttp.ClientSession, program: Program) -> float:
    async with session.get(f"{program.url}/metrics") as answer:
        found = _INFERENCE_SUM.search(await answer.read())
    assert found is not None
    return float(found[1])


def _summary(times_ms: list[float]) -> dict[str, float]:
    p99 = statistics.quantiles(times_ms, n=100, method="inclusive")[98]
    return {"p50_ms": round(statistics.median(times_ms), 2), "p99_ms": round(p99, 2)}
