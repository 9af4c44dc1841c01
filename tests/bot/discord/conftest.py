"""A fake Discord, and bots that run against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias

import pytest

from bot.consent import Consent
from bot.discord.bot import DiscordBot
from bot.discord.pacing import Pacing
from bot.discord.shown import Showing
from bot.emotes.links import followed
from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.opt_outs import OptOuts
from bot.store.scope_settings import ScopeSettings
from tests.bot.discord.faces import ScriptedEmotes, ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import User
from tests.polling import until

NEVER_S = 3600.0
MAX_BYTES = 2_000_000
QUICK = Pacing(
    status_after_s=NEVER_S,
    status_every_s=0.02,
    request_timeout_s=30.0,
    offline_limit_s=30.0,
    retry_first_s=0.01,
    retry_max_s=0.05,
    refused_retry_s=NEVER_S,
)


@dataclass(slots=True)
class Chat:
    """A running bot with everything around it."""

    fake: FakeDiscord
    bot: DiscordBot
    faces: ScriptedFaces
    ada: User
    emotes: ScriptedEmotes
    consent: Consent


Running: TypeAlias = Callable[..., AbstractAsyncContextManager[Chat]]


@asynccontextmanager
async def run_bot(
    fake: FakeDiscord,
    faces: ScriptedFaces | None = None,
    *,
    wait: bool = True,
    settings: dict[str, Any] | None = None,
    **pacing: float,
) -> AsyncIterator[Chat]:
    """Run a bot inside the block; `wait` until it is connected and its commands are registered."""
    faces = faces or ScriptedFaces()
    emotes, pace = ScriptedEmotes(), replace(QUICK, **pacing)
    showing = Showing(followed([fake.cdn_url], ["https://cdn.7tv.app"]), max_bytes=MAX_BYTES)
    async with open_database(IN_MEMORY_URL) as engine, asyncio.TaskGroup() as group:
        consent = Consent(ScopeSettings(engine), OptOuts(engine))
        bot = DiscordBot(
            fake.settings(**settings or {}), faces, emotes, showing, consent, pacing=pace, random=Random(1)
        )
        faces.deliverer = bot.deliverer
        task = group.create_task(bot.run())
        try:
            if wait:
                await until(lambda: bot.ready)
                await fake.until(lambda: fake.commands)
            yield Chat(fake, bot, faces, fake.user("Ada"), emotes, consent)
        finally:
            task.cancel()


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(interaction_limit_s=60) as server:
        yield server
        assert server.complaints == []


@pytest.fixture
async def chat(fake: FakeDiscord) -> AsyncIterator[Chat]:
    async with run_bot(fake) as running:
        yield running
