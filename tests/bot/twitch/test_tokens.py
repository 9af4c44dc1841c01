"""A refresh token may be good once, so whatever happens while it is used, what came of it is kept."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.twitch.errors import NotAuthorized, TwitchRefused
from bot.twitch.oauth import Grant, TwitchOAuth
from bot.twitch.tokens import Tokens
from config.twitch import TwitchSettings
from tests.fakes.twitch.server import FakeTwitch

KEY = AccountKey("1", Role.BOT)
FIRST = TwitchAccount(KEY, "bot", "access 0", "refresh 0", frozenset(), 1e12, since=0.0)


class Store(TwitchAccounts):
    """One account in memory. It is read at once, but the first to read it waits for `answered`; writing may fail."""

    def __init__(self) -> None:
        self.account: TwitchAccount | None = FIRST
        self.answered: asyncio.Event | None = None
        self.failing = 0

    async def get(self, key: AccountKey) -> TwitchAccount | None:
        found, answered, self.answered = self.account, self.answered, None
        if answered is not None:
            await answered.wait()
        return found

    async def save(self, account: TwitchAccount) -> None:
        if self.failing:
            self.failing -= 1
            raise ConnectionRefusedError
        self.account = account

    async def forget(self, key: AccountKey) -> None:
        self.account = None


class Twitch(TwitchOAuth):
    """Every refresh token is good once; the answer may take until `answered`."""

    def __init__(self, session: aiohttp.ClientSession, settings: TwitchSettings) -> None:
        super().__init__(session, settings)
        self.good, self._numbers = "refresh 0", itertools.count(1)
        self.asked, self.answered = asyncio.Event(), asyncio.Event()
        self.answered.set()

    async def refresh(self, refresh_token: str) -> Grant:
        if refresh_token != self.good:
            raise TwitchRefused(400, "Invalid refresh token")
        number = next(self._numbers)
        self.good = f"refresh {number}"
        self.asked.set()
        await self.answered.wait()
        return Grant(f"access {number}", self.good, frozenset(), 1e12)


class World:
    """Tokens between a store and a Twitch."""

    def __init__(self, session: aiohttp.ClientSession, settings: TwitchSettings) -> None:
        self.store, self.twitch, self.lost = Store(), Twitch(session, settings), list[AccountKey]()
        self.tokens = Tokens(self.store, self.twitch, None, lost=self._lost)

    async def _lost(self, key: AccountKey) -> None:
        self.lost.append(key)


@pytest.fixture
async def world(fake: FakeTwitch) -> AsyncIterator[World]:
    async with aiohttp.ClientSession() as session:
        yield World(session, fake.settings())


async def all_that_can_happen() -> None:
    """Nothing here waits for anything but other tasks of this loop."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_what_is_read_while_a_token_is_refreshed_does_not_bring_the_old_one_back(world: World) -> None:
    world.store.answered = answered = asyncio.Event()
    reading = asyncio.create_task(world.tokens.of(KEY))
    await all_that_can_happen()
    renewing = asyncio.create_task(world.tokens.renewed(KEY, "access 0"))
    await all_that_can_happen()
    answered.set()
    await asyncio.wait([reading, renewing])
    assert await world.tokens.of(KEY) == "access 1"
    assert await world.tokens.renewed(KEY, "access 0") == "access 1"
    assert world.lost == []


async def test_who_is_cancelled_over_it_still_keeps_what_came_of_it(world: World) -> None:
    world.twitch.answered.clear()
    renewing = asyncio.create_task(world.tokens.renewed(KEY, "access 0"))
    await world.twitch.asked.wait()
    renewing.cancel()
    await all_that_can_happen()
    world.twitch.answered.set()
    with pytest.raises(asyncio.CancelledError):
        await renewing
    assert world.store.account is not None
    assert world.store.account.refresh_token == world.twitch.good
    assert await world.tokens.of(KEY) == "access 1"


async def test_what_cannot_be_stored_is_used_and_stored_later(world: World) -> None:
    world.store.failing = 2
    with pytest.raises(ConnectionRefusedError):
        await world.tokens.renewed(KEY, "access 0")
    assert await world.tokens.of(KEY) == "access 1"
    with pytest.raises(ConnectionRefusedError):
        await world.tokens.save_late()
    world.tokens.learn([FIRST])  # the store still has the old one
    assert await world.tokens.of(KEY) == "access 1"
    await world.tokens.save_late()
    assert world.store.account is not None
    assert world.store.account.refresh_token == world.twitch.good


async def test_an_account_that_connected_again_elsewhere_is_not_lost_with_its_old_tokens(world: World) -> None:
    assert await world.tokens.of(KEY) == "access 0"
    world.twitch.good = "refresh of today"
    world.store.account = replace(FIRST, access_token="access of today", refresh_token="refresh of today")
    assert await world.tokens.renewed(KEY, "access 0") == "access of today"
    assert world.lost == []


async def test_an_account_whose_tokens_are_refused_is_forgotten(world: World) -> None:
    world.twitch.good = "another"
    with pytest.raises(NotAuthorized):
        await world.tokens.renewed(KEY, "access 0")
    assert world.store.account is None
    assert world.lost == [KEY]
