"""The real discord.py in front of the fake."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from tests.fakes.discord.server import FakeDiscord
from tests.polling import PATIENCE_S

QUIET = discord.AllowedMentions.none()


class Bot(discord.AutoShardedClient):
    """A bot with a command tree and nothing of the project; `errors` has what its handlers raised."""

    def __init__(self, **details: Any) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        options: dict[str, Any] = {"intents": intents, "allowed_mentions": QUIET, "guild_ready_timeout": 0.05} | details
        super().__init__(**options)
        self.tree = app_commands.CommandTree(self)
        self.tree.error(self.command_failed)
        self.errors: list[BaseException] = []

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        error = sys.exception()
        assert error is not None
        self.errors.append(error)

    async def command_failed(self, interaction: discord.Interaction[Any], error: Exception) -> None:
        self.errors.append(error)

    def channel_in(self, fake: FakeDiscord) -> discord.TextChannel:
        channel = self.get_channel(fake.channel.id)
        assert isinstance(channel, discord.TextChannel)
        return channel


Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Bot]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(interaction_limit_s=60) as server:
        yield server


@pytest.fixture
def connect(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """`async with connect() as bot:` runs a real client until the block ends; `bot` may be one made before."""
    monkeypatch.setattr(discord.http.Route, "BASE", fake.api_url)
    monkeypatch.setattr(discord.Asset, "BASE", fake.cdn_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))

    @asynccontextmanager
    async def run(bot: Bot | None = None) -> AsyncIterator[Bot]:
        client = bot or Bot()
        async with client:
            await client.login(fake.token)
            running = asyncio.create_task(client.connect(reconnect=False))
            await asyncio.wait_for(client.wait_until_ready(), PATIENCE_S)
            if client.tree.get_commands():
                await client.tree.sync()
            try:
                yield client
            finally:
                await client.close()
                await asyncio.wait((running,))
        assert client.errors == []

    return run
