"""The bot's Twitch side with the real twitchio, in front of the fake Twitch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.twitch.client import Pacing, TwitchBot
from bot.twitch.events import (
    ChannelLost,
    ChatMessage,
    MessageDeleted,
    MessagesCleared,
    Redemption,
    StreamChanged,
    TwitchEvent,
)
from bot.twitch.http import Patience
from bot.twitch.scopes import BOT_SCOPES, JOIN, REWARDS
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import User
from tests.polling import until

KINDS: tuple[type[TwitchEvent], ...] = (
    ChatMessage,
    MessageDeleted,
    MessagesCleared,
    StreamChanged,
    Redemption,
    ChannelLost,
)
HASTE = Pacing(round_s=0.05, pause_s=0.005, max_pause_s=0.02, patience=Patience(timeout_s=30, pause_s=0.001))


class Running:
    """A running bot: `heard` is what it handed on."""

    def __init__(self, fake: FakeTwitch, bot: TwitchBot) -> None:
        self.fake, self.bot = fake, bot
        self.heard: list[TwitchEvent] = []

    def texts(self) -> list[str]:
        return [event.text for event in self.heard if isinstance(event, ChatMessage)]

    async def hear(self, event: TwitchEvent) -> None:
        self.heard.append(event)
        self.fake.changed()

    async def idle(self) -> None:
        """Let the bot work for a moment, when it is its own state that is waited for."""
        await asyncio.sleep(0.002)

    async def connected(self) -> None:
        """Whatever is said from now on arrives."""
        await until(lambda: self.bot.is_up and self.fake.carried("channel.chat.message"))


Run: TypeAlias = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwitch]:
    async with FakeTwitch() as server:
        yield server


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[TwitchAccounts]:
    """On a disk: a database in memory is gone with its connection, and that with a statement that is cancelled."""
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'accounts.db'}") as engine:
        yield TwitchAccounts(engine, Sealer(SecretStr(Fernet.generate_key().decode())))


def account(fake: FakeTwitch, user: User, role: Role, *scopes: str, ends_at: float = 1e12) -> TwitchAccount:
    """Somebody who has just agreed."""
    token = fake.grant(user, *scopes)
    assert token.refresh is not None
    key = AccountKey(user.id, role)
    return TwitchAccount(key, user.login, token.value, token.refresh, frozenset(scopes), ends_at, since=float(user.id))


Join: TypeAlias = Callable[..., Awaitable[None]]


@pytest.fixture
def join(fake: FakeTwitch, accounts: TwitchAccounts) -> Join:
    """The bot's account and the channels are in the store, as after their logins."""

    async def join(*channels: User, rewards: bool = False) -> None:
        await accounts.save(account(fake, fake.bot, Role.BOT, *BOT_SCOPES))
        for channel in channels or (fake.channel,):
            await accounts.save(account(fake, channel, Role.CHANNEL, JOIN, *([REWARDS] if rewards else [])))

    return join


@pytest.fixture
def run(fake: FakeTwitch, accounts: TwitchAccounts) -> Run:
    """`async with run() as running:` runs a bot until the block ends."""

    @asynccontextmanager
    async def running(pacing: Pacing = HASTE, **settings: Any) -> AsyncIterator[Running]:
        async with aiohttp.ClientSession() as session:
            bot = TwitchBot(fake.settings(**settings), accounts, session, pacing=pacing)
            found = Running(fake, bot)
            for kind in KINDS:
                bot.on(kind, found.hear)
            task = asyncio.create_task(bot.run())
            try:
                yield found
            finally:
                task.cancel()
                await asyncio.wait([task])

    return running
