"""When the bot came to a channel and left it is known, also of what happened while it was off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.models import Platform, twitch_scope
from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.servers import Servers
from bot.twitch.membership import Membership


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with open_database(IN_MEMORY_URL) as engine:
        yield Servers(engine)


async def test_channels_come_and_go_and_servers_of_discord_stay(servers: Servers) -> None:
    await servers.joined(["77"], 0.0)
    membership = Membership(servers, clock=lambda: 10.0)
    await membership.served(["1", "2"])
    await membership.served(["1", "2"])
    assert await servers.present(Platform.TWITCH) == {twitch_scope("1"), twitch_scope("2")}
    assert await servers.present() == {"77"}
    await membership.served(["2"])
    assert await servers.present(Platform.TWITCH) == {twitch_scope("2")}
    assert await servers.left_before(11.0) == [twitch_scope("1")]


async def test_what_left_while_the_program_was_off_is_noticed(servers: Servers) -> None:
    await Membership(servers).served(["1"])
    await Membership(servers, clock=lambda: 10.0).served([])
    assert await servers.left_before(11.0) == [twitch_scope("1")]
