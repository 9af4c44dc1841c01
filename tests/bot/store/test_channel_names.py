"""What places are called in addresses."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import twitch_scope
from bot.store.channel_names import ChannelNames
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts


async def connect(engine: AsyncEngine, user_id: str, role: Role, login: str) -> None:
    account = TwitchAccount(AccountKey(user_id, role), login, "access", "refresh", frozenset(), 9e12, 0)
    await TwitchAccounts(engine, Sealer(None)).save(account)


async def test_a_connected_channel_is_found_by_its_login_in_any_case(engine: AsyncEngine) -> None:
    await connect(engine, "2", Role.CHANNEL, "streamer")
    names = ChannelNames(engine)
    assert await names.scope_of("Streamer") == twitch_scope("2")
    assert await names.name_of(twitch_scope("2")) == "streamer"
    assert await names.path_of(twitch_scope("2")) == "g/streamer"


async def test_nobody_else_is_called_anything(engine: AsyncEngine) -> None:
    await connect(engine, "1", Role.BOT, "the_bot")
    names = ChannelNames(engine)
    assert await names.scope_of("the_bot") is None
    assert await names.path_of("123") == "g/123"
    assert await names.path_of(twitch_scope("9")) == f"g/{twitch_scope('9')}"


@pytest.mark.parametrize("login", ["streamer", "112233"])
async def test_an_address_leads_back_to_its_scope_whatever_the_login_looks_like(
    engine: AsyncEngine, login: str
) -> None:
    await connect(engine, "2", Role.CHANNEL, login)
    names = ChannelNames(engine)
    path = await names.path_of(twitch_scope("2"))
    assert await names.scope_of(path.removeprefix("g/")) == twitch_scope("2")
