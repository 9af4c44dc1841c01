"""Bots with many shards, and several bots that share them."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import AsyncMock

import discord
import pytest

from bot.discord.pacing import Pacing
from tests.bot.discord.conftest import run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Guild
from tests.polling import until

WINDOW_S = 0.3  # Discord's 5 s


def guild_of(fake: FakeDiscord, shard_id: int, count: int) -> Guild:
    """A new server whose events that shard gets."""
    while True:
        guild = fake.add_guild(f"Shard {shard_id}")
        if (guild.id >> 22) % count == shard_id:
            return guild


async def test_as_many_shards_run_as_discord_advises(fake: FakeDiscord) -> None:
    fake.gateway.rules.shards = 3
    guilds = [guild_of(fake, shard_id, 3) for shard_id in range(3)]
    async with run_bot(fake) as chat:
        await until(lambda: chat.bot.ready)
        assert sorted(each["shard"] for each in fake.gateway.identified) == [[0, 3], [1, 3], [2, 3]]
        for count, guild in enumerate(guilds, start=1):
            fake.say(fake.channel_of(guild), fake.user("Kim", guild=guild), "!face 😂")
            request = await chat.faces.asked(count)
            assert request.origin.scope_id == str(guild.id)
        assert sum(method == "PUT" for method, _ in fake.http.requests) == 1


async def test_the_configured_gateway_holds_with_and_without_a_count(
    fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
    advice = AsyncMock(return_value=(1, "wss://gateway.elsewhere.example", limit))
    monkeypatch.setattr(discord.http.HTTPClient, "get_bot_gateway", advice)
    for settings in ({}, {"shard_count": 1}):
        async with run_bot(fake, settings=settings) as chat:
            await until(lambda chat=chat: chat.bot.ready)  # type: ignore[misc]
    assert len(fake.gateway.identified) == 2


async def test_sessions_start_in_turns(fake: FakeDiscord) -> None:
    fake.gateway.rules.shards, fake.gateway.rules.identify_window_s = 3, WINDOW_S
    async with run_bot(fake, identify_every_s=WINDOW_S * 3) as chat:
        await until(lambda: chat.bot.ready)
    assert fake.gateway.too_early == 0
    assert len(fake.gateway.identified) == 3


async def test_two_processes_have_their_own_servers_and_start_in_turns(fake: FakeDiscord, tmp_path: Path) -> None:
    fake.gateway.rules.identify_window_s = WINDOW_S
    guilds = [guild_of(fake, shard_id, 2) for shard_id in range(2)]
    pace = WINDOW_S * 3
    first = run_bot(fake, settings={"shard_count": 2, "shard_ids": (0,)}, data_dir=tmp_path, identify_every_s=pace)
    second = run_bot(fake, settings={"shard_count": 2, "shard_ids": (1,)}, data_dir=tmp_path, identify_every_s=pace)
    async with first as one, second as other:
        for chat, guild in zip((one, other), guilds, strict=True):
            fake.say(fake.channel_of(guild), fake.user("Kim", guild=guild), "!face 😂")
            assert (await chat.faces.asked()).origin.scope_id == str(guild.id)
        fake.say(fake.direct_channel(one.ada), one.ada, "!face 😂")
        await one.faces.asked(2)
        assert len(other.faces.requests) == 1
    assert fake.gateway.too_early == 0
    assert sum(method == "PUT" for method, _ in fake.http.requests) == 1, "only the first registers the commands"


async def test_a_lost_shard_is_named_and_the_others_go_on(fake: FakeDiscord) -> None:
    fake.gateway.rules.shards = 2
    guild = guild_of(fake, 1, 2)
    async with run_bot(fake, offline_limit_s=0.5) as chat:
        await until(lambda: chat.bot.ready)
        held = fake.fail_next("GET", "^/gateway$", hold=True)
        lost = next(each for each in fake.gateway.sessions.values() if each.shard.id == 0)
        assert lost.connection is not None
        lost.connection.close(4000)
        await fake.until(held.reached.is_set)
        await until(lambda: chat.bot.problem == "1 of 2 shards are connected")
        fake.say(fake.channel_of(guild), fake.user("Kim", guild=guild), "!face 😂")
        await chat.faces.asked()
        held.release.set()
        await until(lambda: chat.bot.ready)
        assert len(fake.gateway.identified) == 2
        assert fake.gateway.resumed == 1


async def test_a_shard_lost_for_too_long_has_all_start_afresh(fake: FakeDiscord) -> None:
    fake.gateway.rules.shards = 2
    async with run_bot(fake, part_offline_limit_s=0.3) as chat:
        await until(lambda: chat.bot.ready)
        held = fake.fail_next("GET", "^/gateway$", hold=True)
        lost = next(each for each in fake.gateway.sessions.values() if each.shard.id == 0)
        assert lost.connection is not None
        lost.connection.close(4000)
        await fake.until(held.reached.is_set)
        await until(lambda: len(fake.gateway.identified) == 4 and chat.bot.ready)
        held.release.set()


def test_what_is_left_of_a_bot_is_given_longer_than_what_is_lost_altogether() -> None:
    assert Pacing().part_offline_limit_s > Pacing().offline_limit_s
