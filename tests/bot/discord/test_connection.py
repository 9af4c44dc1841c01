"""Connecting, staying connected, and saying what is wrong when it is not."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from random import Random
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest
from structlog.testing import capture_logs

from bot.discord.client import FaceBot
from bot.discord.gate import Gate
from bot.discord.identifying import IdentifyTurns
from bot.discord.pacing import Pacing
from bot.discord.sharding import ShardRange
from tests.bot.discord.conftest import QUICK, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.polling import until


class QuickAsyncio:
    """For the library: asyncio without its pause of 5 s between two tries."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, _delay_s: float) -> None:
        await asyncio.sleep(0)


async def test_a_connected_bot_is_ready_and_knows_its_latency(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        assert chat.bot.problem is None
        await until(lambda: chat.bot.latency_s is not None)
        assert chat.bot.latency_s is not None
        assert 0 <= chat.bot.latency_s < 60
    after: list[object] = [chat.bot.ready, chat.bot.latency_s]
    assert after == [False, None]


@pytest.mark.parametrize("path", ["/users/@me", "/oauth2/applications/@me", "/gateway"])
@pytest.mark.parametrize("status", [503, None], ids=["unavailable", "connection cut"])
async def test_a_first_connection_that_fails_is_tried_again(fake: FakeDiscord, path: str, status: int | None) -> None:
    fault = fake.fail_next("GET", path, status, times=3)
    async with run_bot(fake) as chat:
        assert fault.times == 0
        fake.say(fake.channel, chat.ada, "!face 😂")
        await chat.faces.asked()


async def test_a_gateway_that_refuses_the_first_connection_is_tried_again(
    fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.shard, "asyncio", QuickAsyncio())
    with capture_logs() as logs:  # the library's traceback takes seconds to render
        fault = fake.fail_next("GET", "^/gateway$", 503, times=2)
        async with run_bot(fake) as chat:
            assert fault.times == 0
            fake.say(fake.channel, chat.ada, "!face 😂")
            await chat.faces.asked()
    failures = [entry for entry in logs if entry["event"] == "discord_unreachable"]
    assert [entry["problem"] for entry in failures] == ["Discord cannot be reached (WSServerHandshakeError)"] * 2


async def test_a_bot_stopped_while_it_reconnects_ends_at_once(fake: FakeDiscord) -> None:
    async with asyncio.timeout(25):
        async with run_bot(fake):
            held = fake.fail_next("GET", "^/gateway$", hold=True)
            fake.drop_gateway()
            await fake.until(held.reached.is_set)
        held.release.set()


async def test_a_bot_out_of_sessions_waits_for_tomorrow(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"total": 1000, "remaining": 0, "reset_after": 7_200_000, "max_concurrency": 1}
    monkeypatch.setattr(discord.http.HTTPClient, "get_bot_gateway", AsyncMock(return_value=(1, "", limit)))
    with capture_logs() as logs:
        async with run_bot(fake, wait=False) as chat:
            await until(lambda: "no more sessions" in (chat.bot.problem or ""))
    assert fake.gateway.identified == []
    assert [entry["retry_s"] for entry in logs if entry["event"] == "discord_refused"] == [3600]


async def test_a_discord_that_is_not_there_yet_is_waited_for(fake: FakeDiscord) -> None:
    await fake.stop()
    async with run_bot(fake, wait=False) as chat:
        await until(lambda: "cannot be reached" in (chat.bot.problem or ""))
        assert not chat.bot.ready
        await fake.start(fake.port)
        await until(lambda: chat.bot.ready)
        assert chat.bot.problem is None


async def test_a_dropped_connection_is_resumed_and_misses_nothing(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        held = fake.fail_next("GET", "/gateway", hold=True)
        fake.drop_gateway()
        await fake.until(held.reached.is_set)
        await until(lambda: not chat.bot.ready)
        assert chat.bot.problem == "the connection to Discord was lost, reconnecting"
        fake.say(fake.channel, chat.ada, "!face 😂")
        held.release.set()
        await chat.faces.asked()
        await until(lambda: chat.bot.ready)
        assert fake.gateway.resumed == 1
        assert len(fake.gateway.identified) == 1


async def test_a_connection_lost_for_too_long_is_started_afresh(fake: FakeDiscord) -> None:
    async with run_bot(fake, offline_limit_s=0.5) as chat:
        fault = fake.fail_next("GET", "/gateway", 503, times=1)
        fake.drop_gateway(forget=True)
        await fake.until(fault.reached.is_set)
        await until(lambda: len(fake.gateway.identified) >= 2 and chat.bot.ready)
        fake.say(fake.channel, chat.ada, "!face 😂")
        await chat.faces.asked()


async def test_a_refused_token_is_reported_and_not_asked_about_again(fake: FakeDiscord) -> None:
    with capture_logs() as logs:
        async with run_bot(fake, wait=False, settings={"token": "wrong.secret.token"}) as chat:
            await until(lambda: "refuses the token" in (chat.bot.problem or ""))
            asked = len(fake.http.requests)
            await until(lambda: chat.bot.problem is not None)
            assert len(fake.http.requests) == asked == 1
    assert "secret" not in str(logs)


@pytest.mark.parametrize(("code", "problem"), [(4004, "refuses the token"), (4013, "close code 4013")])
async def test_a_session_that_discord_refuses_for_good_is_reported(fake: FakeDiscord, code: int, problem: str) -> None:
    async with run_bot(fake) as chat:
        fake.drop_gateway(code, forget=True)
        await until(lambda: problem in (chat.bot.problem or ""))
        assert len(fake.gateway.identified) == 1


async def test_a_refused_intent_is_logged_once() -> None:
    async with FakeDiscord(message_content=False) as fake:
        with capture_logs() as logs:
            async with run_bot(fake) as chat:
                fake.drop_gateway(1012)
                await fake.until(lambda: fake.gateway.resumed == 1)
                await until(lambda: chat.bot.ready)
    assert [entry["event"] for entry in logs].count("discord_message_content_refused") == 1


async def test_an_intent_withdrawn_even_for_mentions_is_reported(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        fake.drop_gateway(4014, forget=True)
        await until(lambda: chat.bot.ready and len(fake.gateway.identified) == 2)
        fake.drop_gateway(4014, forget=True)
        await until(lambda: "close code 4014" in (chat.bot.problem or ""))


async def test_a_defect_of_the_library_does_not_end_the_bot(fake: FakeDiscord) -> None:
    with capture_logs():  # rendering the traceback takes seconds
        async with run_bot(fake) as chat:
            fake.gateway.dispatch("MESSAGE_CREATE", lambda _: {"channel_id": "not a number"})
            await until(lambda: len(fake.gateway.identified) == 2 and chat.bot.ready)
            fake.say(fake.channel, chat.ada, "!face 😂")
            await chat.faces.asked()


async def test_cancelling_says_goodbye_to_the_gateway(fake: FakeDiscord) -> None:
    async with run_bot(fake):
        assert fake.gateway.sessions
    await fake.until(lambda: not fake.gateway.sessions)


async def test_closing_takes_bounded_time_when_discord_hangs() -> None:
    class StuckClient(FaceBot):
        async def close(self) -> None:
            await asyncio.Event().wait()

    with capture_logs() as logs:
        client = StuckClient(
            [],
            replace(QUICK, close_timeout_s=0.01),
            shards=ShardRange(),
            turns=IdentifyTurns(None, every_s=0.0),
            gate=Gate(Random(1), spread_s=0.0),
            message_content=True,
            connected=lambda client: None,
        )
        await asyncio.wait_for(client.shut_down(), 30)
    assert [entry["event"] for entry in logs] == ["discord_closed_hard"]


async def test_a_bot_stopped_while_it_closes_leaves_nothing_open(fake: FakeDiscord) -> None:
    for _ in range(5):
        async with run_bot(fake) as chat:
            fake.drop_gateway(4013, forget=True)
            await until(lambda chat=chat: "4013" in (chat.bot.problem or ""))  # type: ignore[misc]
    gc.collect()  # an open connection would complain


async def test_a_bot_without_a_token_is_a_mistake(fake: FakeDiscord) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="token")):
        async with run_bot(fake, settings={"token": None}):
            pass


def test_waiting_times_grow_with_jitter_and_stay_bounded() -> None:
    pacing, random = Pacing(), Random(3)
    waits = [pacing.retry_s(failures, random) for failures in range(1, 2000)]
    assert all(0.5 <= wait <= 120 for wait in waits)
    assert waits[0] <= 1
    assert len({round(wait, 3) for wait in waits[20:40]}) > 10
    assert 24 * 3600 / (sum(waits[100:]) / len(waits[100:])) < 1000
