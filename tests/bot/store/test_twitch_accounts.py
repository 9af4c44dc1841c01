"""Accounts of Twitch in the store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.sealing import Sealer
from bot.store.tables import twitch_account
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts

KEY = SecretStr(Fernet.generate_key().decode())
BOT = TwitchAccount(AccountKey("1", Role.BOT), "emoteface", "access", "refresh", frozenset({"user:bot"}), 100.0, 1.0)
CHANNEL = replace(BOT, key=AccountKey("2", Role.CHANNEL), login="ada", since=2.0)


@pytest.fixture
def accounts(engine: AsyncEngine) -> TwitchAccounts:
    return TwitchAccounts(engine, Sealer(KEY))


async def test_accounts_are_kept_in_the_order_they_came(accounts: TwitchAccounts) -> None:
    for each in (CHANNEL, BOT):
        await accounts.save(each)
    assert await accounts.all() == [BOT, CHANNEL]
    assert await accounts.get(CHANNEL.key) == CHANNEL
    await accounts.forget(CHANNEL.key)
    assert await accounts.get(CHANNEL.key) is None


async def test_one_account_can_be_the_bot_and_a_channel(accounts: TwitchAccounts) -> None:
    own = replace(CHANNEL, key=AccountKey("1", Role.CHANNEL))
    for each in (BOT, own):
        await accounts.save(each)
    assert len(await accounts.all()) == 2


async def test_a_new_bot_takes_the_place_of_the_old_one(accounts: TwitchAccounts) -> None:
    newer = replace(BOT, key=AccountKey("3", Role.BOT))
    for each in (BOT, CHANNEL, newer):
        await accounts.save(each)
    assert await accounts.all() == [newer, CHANNEL]


async def test_tokens_lie_sealed_and_show_in_no_repr(accounts: TwitchAccounts, engine: AsyncEngine) -> None:
    await accounts.save(BOT)
    async with engine.connect() as connection:
        row = (await connection.execute(select(twitch_account))).one()
    assert "access" not in str(row).replace("access_token", "")
    assert "access" not in repr(BOT)


async def test_with_another_key_an_account_has_to_log_in_again(accounts: TwitchAccounts, engine: AsyncEngine) -> None:
    await accounts.save(BOT)
    other = TwitchAccounts(engine, Sealer(None))
    assert await other.all() == []
    assert await other.get(BOT.key) is None


async def test_there_is_one_conduit_of_ours(accounts: TwitchAccounts) -> None:
    assert await accounts.conduit_id() is None
    for conduit_id in ("a", "b"):
        await accounts.keep_conduit(conduit_id)
    assert await accounts.conduit_id() == "b"
    await accounts.forget_conduit()
    assert await accounts.conduit_id() is None
