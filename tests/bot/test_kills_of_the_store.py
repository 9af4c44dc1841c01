"""The whole program on PostgreSQL, with one of the two killed in bad moments: on Discord nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message
from tests.program import Program, running_program
from tests.servers.postgres import Postgres, running_postgres

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]

SETTINGS = {
    "inference.runtime": "fakes.generators:gated",
    "servers.cooldown_s": "0",
}
ASKERS = 12


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def settings(postgres: Postgres, discord: FakeDiscord) -> dict[str, str]:
    url = postgres.url(await postgres.new_database())
    return SETTINGS | discord.variables() | {"store.url": url}


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The network draws once this file exists."""
    path = tmp_path / "gate"
    monkeypatch.setenv("FAKE_GENERATOR_GATE", str(path))
    return path


def asked(discord: FakeDiscord, number: int) -> Message:
    """In a channel of its own: what ends at once in one channel is posted in one message."""
    channel = discord.add_channel(f"room-{number}")
    return discord.say(channel, discord.user(f"asker {number}"), f"{discord.bot.mention} 😂")


def standing(discord: FakeDiscord, question: Message) -> list[Message]:
    return [reply for reply in discord.replies_to(question) if not reply.deleted]


def has_answer(discord: FakeDiscord, question: Message) -> bool:
    return any(reply.pictures() for reply in standing(discord, question))


async def accepted(program: Program, count: int) -> None:
    async with asyncio.timeout(120):
        while sum(event.get("event") == "request_accepted" for event in program.events) < count:
            await asyncio.sleep(0.02)


async def test_what_was_accepted_is_answered_once_when_postgresql_is_killed_and_comes_back(
    tmp_path: Path, postgres: Postgres, discord: FakeDiscord, settings: dict[str, str], gate: Path
) -> None:
    async with running_program(tmp_path / "var", settings) as program:
        await program.logged("discord_commands_registered")
        questions = [asked(discord, number) for number in range(ASKERS)]
        await accepted(program, ASKERS)
        await asyncio.to_thread(postgres.kill)
        gate.touch()
        await program.logged("store_out_of_reach")
        late = asked(discord, ASKERS)
        await discord.until(lambda: discord.replies_to(late))
        await asyncio.to_thread(postgres.start)
        for question in questions:
            await discord.until(lambda question=question: has_answer(discord, question))
        again = asked(discord, ASKERS + 1)
        await discord.until(lambda: has_answer(discord, again))
        assert await program.ended(signal.SIGTERM) == 0
    assert [len(standing(discord, question)) for question in questions] == [1] * ASKERS
    [refusal] = standing(discord, late)
    assert "can't write anything down" in refusal.content
    assert not discord.complaints


async def test_what_was_accepted_is_answered_once_when_both_are_killed(
    tmp_path: Path, postgres: Postgres, discord: FakeDiscord, settings: dict[str, str], gate: Path
) -> None:
    async with running_program(tmp_path / "var", settings) as program:
        await program.logged("discord_commands_registered")
        questions = [asked(discord, number) for number in range(ASKERS)]
        await accepted(program, ASKERS)
        await program.ended(signal.SIGKILL)
    await asyncio.to_thread(postgres.kill)
    await asyncio.to_thread(postgres.start)
    gate.touch()
    async with running_program(tmp_path / "var", settings) as program:
        assert (await program.logged("program_started"))["recovered"] == ASKERS
        for question in questions:
            await discord.until(lambda question=question: has_answer(discord, question))
        assert await program.ended(signal.SIGTERM) == 0
    assert [len(standing(discord, question)) for question in questions] == [1] * ASKERS
    assert not discord.complaints
