"""Bots with one PostgreSQL and one NATS server: what is set with one is in force with all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import ANYBODY, Origin, Platform
from bot.policy.policy import Policy, PolicyStores
from bot.policy.settings import EVERYWHERE
from bot.store.blocks import BlockStore
from bot.store.database import open_database
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from bot.store.settings_cache import CachedSettings
from config.queue import QueueSettings
from inference.queue.nats.news import KEEP_S
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from tests.bot.store.test_settings_cache import reads_of
from tests.fakes.policies import caps, server_settings
from tests.polling import until
from tests.servers.nats import NatsServer, nats_server
from tests.servers.postgres import running_postgres

pytestmark = pytest.mark.scale

QUEUE = QueueSettings(url="memory:", max_jobs=8, max_attempts=3, lease_s=5, cache_ttl_s=60, cache_mb=4)
HERE = Origin(Platform.DISCORD, "1", "10", "100")


@dataclass(frozen=True, slots=True)
class Bot:
    policy: Policy
    queue: NatsQueue
    engine: AsyncEngine

    async def realism(self) -> float | None:
        return (await self.policy.effective("1", "10")).realism

    @property
    def hears(self) -> bool:
        return self.queue.news.keep_s > 0


@asynccontextmanager
async def running(url: str, server: NatsServer) -> AsyncIterator[Bot]:
    settings = QUEUE.model_copy(update={"url": server.url})
    async with open_database(url) as engine, open_nats_queue(settings, asks=True) as queue:
        kept = CachedSettings(ScopeSettings(engine), queue.news, whole_instance=EVERYWHERE)
        stores = PolicyStores(kept, RequestStore(engine), BlockStore(engine))
        bot = Bot(Policy(stores, server_settings(cooldown_s=0), caps()), queue, engine)
        await until(lambda: bot.hears)
        yield bot


@dataclass(frozen=True, slots=True)
class Bots:
    one: Bot
    other: Bot
    server: NatsServer


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[Bots]:
    with running_postgres(durable=False) as postgres:
        url = postgres.url(await postgres.new_database())
        async with nats_server(tmp_path) as server, running(url, server) as one, running(url, server) as other:
            yield Bots(one, other, server)


async def test_what_is_set_with_one_is_in_force_with_the_other(bots: Bots) -> None:
    usual = await bots.other.realism()
    for value in (0.1, 0.2):
        await bots.one.policy.set("1", None, "realism", value, "admin")
        await seen(bots.other, value)
    await bots.one.policy.reset("1", None, "realism", "admin")
    await seen(bots.other, usual)


async def test_a_pause_of_everything_with_one_is_one_of_the_other(bots: Bots) -> None:
    assert not (await bots.other.policy.effective("1", "10")).paused
    await bots.one.policy.set(EVERYWHERE, None, "paused", True, "operator")
    async with asyncio.timeout(KEEP_S / 2):
        while not (await bots.other.policy.effective("1", "10")).paused:
            await asyncio.sleep(0.005)


async def test_a_question_that_was_asked_before_reads_no_settings(bots: Bots) -> None:
    await bots.one.policy.set("1", None, "realism", 0.1, "admin")
    await bots.other.policy.check(HERE, ANYBODY, 5.0)
    await seen(bots.other, 0.1)
    with reads_of(bots.other.engine) as reads:
        permit = await bots.other.policy.check(HERE, ANYBODY, 5.0)
        assert (permit.here.realism, await bots.other.realism()) == (0.1, 0.1)
    assert not reads


async def test_a_change_while_the_server_is_gone_is_seen_then_and_when_it_is_back(bots: Bots) -> None:
    await bots.one.policy.set("1", None, "realism", 0.1, "admin")
    await seen(bots.other, 0.1)
    await bots.server.kill()
    await until(lambda: not (bots.one.hears or bots.other.hears))
    await bots.one.policy.set("1", None, "realism", 0.2, "admin")
    assert await bots.other.realism() == 0.2, "nothing is kept that may have changed unheard"
    await bots.server.start()
    await until(lambda: bots.one.hears and bots.other.hears)
    assert await bots.other.realism() == 0.2
    await bots.one.policy.set("1", None, "realism", 0.3, "admin")
    await seen(bots.other, 0.3)


async def seen(bot: Bot, value: float | None) -> None:
    """By the next question after the word has had the time to get here, which is far less than settings are kept."""
    async with asyncio.timeout(KEEP_S / 2):
        while await bot.realism() != value:
            await asyncio.sleep(0.005)
