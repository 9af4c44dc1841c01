"""Shards, how soon they may identify, and presence."""

from __future__ import annotations

import asyncio

import discord
import pytest

from tests.fakes.discord.conftest import Bot, Connect
from tests.fakes.discord.server import FakeDiscord


def paced(monkeypatch: pytest.MonkeyPatch, pause_s: float) -> None:
    async def pause(self: Bot, shard_id: int | None, *, initial: bool = False) -> None:
        await asyncio.sleep(0 if initial else pause_s)

    monkeypatch.setattr(Bot, "before_identify_hook", pause)


async def test_guilds_are_divided_among_the_shards(
    fake: FakeDiscord, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced(monkeypatch, 0)
    fake.gateway.rules.shards = 3
    guilds = [fake.guild, *(fake.add_guild(f"guild {number}") for number in range(6))]
    heard = []

    class Hears(Bot):
        async def on_message(self, message: discord.Message) -> None:
            assert message.guild is None or message.guild.shard_id == (message.guild.id >> 22) % 3
            heard.append(message.content)

    async with connect(Hears()) as bot:
        assert sorted(bot.shards) == [0, 1, 2]
        assert {guild.id for guild in bot.guilds} == {guild.id for guild in guilds}
        ada = fake.user("Ada")
        fake.say(fake.direct_channel(ada), ada, "direct")
        for guild in guilds:
            fake.say(fake.channel_of(guild), ada, guild.name)
        async with asyncio.timeout(60):
            while len(heard) < 8:
                await asyncio.sleep(0.002)
    assert sorted(heard) == sorted(["direct", *(guild.name for guild in guilds)])


@pytest.mark.parametrize(("pause_s", "refused"), [(1.0, False), (0.0, True)])
async def test_identifying_too_soon_is_refused(
    fake: FakeDiscord, connect: Connect, monkeypatch: pytest.MonkeyPatch, pause_s: float, refused: bool
) -> None:
    del connect  # asked for because it points discord.py at the fake
    paced(monkeypatch, pause_s)
    fake.gateway.rules.shards, fake.gateway.rules.identify_window_s = 2, 0.3
    bot = Bot()
    async with asyncio.timeout(60), bot:
        running = asyncio.create_task(bot.start(fake.token))
        await fake.until(lambda: fake.gateway.too_early if refused else len(fake.gateway.sessions) == 2)
        await bot.close()
        await asyncio.wait((running,))
    assert bool(fake.gateway.too_early) == refused


async def test_presence_is_recorded(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        await bot.change_presence(activity=discord.CustomActivity("3 faces are waiting"))
        await fake.until(lambda: fake.gateway.presences)
    assert fake.gateway.presences[-1]["activities"][0]["state"] == "3 faces are waiting"
