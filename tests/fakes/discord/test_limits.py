"""Limits are told in headers, and who goes on regardless is refused and counted."""

from __future__ import annotations

import asyncio
import time

import discord
import pytest
from discord.http import HTTPClient

from tests.fakes.discord.conftest import Connect
from tests.fakes.discord.server import FakeDiscord


async def test_a_client_that_reads_the_headers_never_runs_into_the_limit(fake: FakeDiscord, connect: Connect) -> None:
    fake.limit_messages(fake.channel, times=3, per_s=0.4)
    async with connect() as bot:
        began = time.monotonic()
        await asyncio.gather(*(bot.channel_in(fake).send(f"{number}") for number in range(9)))
        assert time.monotonic() - began >= 0.8
    assert (len(fake.messages), fake.ignored_limits, fake.http.limits.refused) == (9, 0, {})


async def test_a_client_that_does_not_is_refused_and_counted(
    fake: FakeDiscord, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.limit_messages(times=3, per_s=0.5)
    async with connect() as bot:
        monkeypatch.setattr(discord.http.Ratelimit, "update", lambda *args, **details: None)  # reads no headers
        monkeypatch.setattr(HTTPClient, "get_ratelimit", lambda self, key: discord.http.Ratelimit(None))
        for number in range(4):
            await bot.channel_in(fake).send(f"{number}")
    assert len(fake.messages) == 4  # the last one was tried again
    assert fake.ignored_limits == fake.http.limits.refused["user"] == fake.invalid_requests == 1


async def test_channels_have_limits_of_their_own(fake: FakeDiscord, connect: Connect) -> None:
    fake.limit_messages(times=1, per_s=0.2)
    other = fake.add_channel("other")
    async with connect() as bot:
        found = bot.get_channel(other.id)
        assert isinstance(found, discord.TextChannel)
        await bot.channel_in(fake).send("here")
        await found.send("there")
    assert fake.ignored_limits == 0


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_is_waited_out(fake: FakeDiscord, connect: Connect, scope: str) -> None:
    fake.refuse_next("POST", "/messages", scope, 0.3)
    async with connect() as bot:
        began = time.monotonic()
        await bot.channel_in(fake).send("late")
        assert time.monotonic() - began >= 0.29
    assert (fake.http.limits.refused[scope], fake.ignored_limits) == (1, 0)
    assert fake.invalid_requests == (0 if scope == "shared" else 1)


async def test_a_bot_that_keeps_going_under_a_global_limit_is_counted(fake: FakeDiscord, connect: Connect) -> None:
    fake.refuse_next("POST", "/messages", "global", 1.0)
    async with connect() as bot:
        waiting = asyncio.create_task(bot.channel_in(fake).send("late"))
        await fake.until(lambda: fake.http.limits.refused["global"])
        await asyncio.sleep(0.2)
        bot.http._global_over = asyncio.Event()
        bot.http._global_over.set()  # as if it had not understood
        await bot.channel_in(fake).fetch_message(fake.say(fake.channel, fake.user("Ada"), "x").id)
        await waiting
    assert fake.ignored_limits == 1


async def test_all_requests_together_can_be_limited(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        fake.limit_globally(3)
        channels = [bot.get_partial_messageable(fake.add_channel(f"c{number}").id) for number in range(4)]
        await asyncio.gather(*(channel.send("x") for channel in channels))
    assert fake.http.limits.refused["global"] >= 1
    assert len(fake.messages) == 4


async def test_cloudflare_refuses_without_json_and_at_once(fake: FakeDiscord, connect: Connect) -> None:
    fake.refuse_next("POST", "/messages", "cloudflare", 60)
    async with connect() as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.channel_in(fake).send("x")
    assert (refused.value.status, "1015" in refused.value.text) == (429, True)


async def test_too_many_invalid_requests_end_in_a_ban(fake: FakeDiscord, connect: Connect) -> None:
    fake.http.limits.invalid_limit = 3
    denied = fake.add_channel("denied", denied={"send_messages"})
    async with connect() as bot:
        channel = bot.get_partial_messageable(denied.id)
        for expected in (403, 403, 403, 429):
            with pytest.raises(discord.HTTPException) as refused:
                await channel.send("x")
            assert refused.value.status == expected


@pytest.mark.parametrize(("status", "html", "tries"), [(502, False, 2), (503, True, 1)])
async def test_errors_of_the_server(fake: FakeDiscord, connect: Connect, status: int, html: bool, tries: int) -> None:
    fault = fake.fail_next("POST", "/messages", status, html=html)
    async with connect() as bot:
        try:
            await bot.channel_in(fake).send("x")
        except discord.DiscordServerError:
            assert status == 503  # which discord.py does not try again
    assert (fault.times, len([path for _, path in fake.http.requests if path.endswith("/messages")])) == (0, tries)
