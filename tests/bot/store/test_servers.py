"""Where the bot is: told again and again, greeted once a time, and due to go some time after it left."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.servers import Servers


@pytest.fixture
def servers(engine: AsyncEngine) -> Servers:
    return Servers(engine)


async def test_a_server_is_greeted_once_however_often_it_is_told(servers: Servers) -> None:
    for at in (10.0, 20.0):
        await servers.joined(["1"], at)
    assert await servers.present() == {"1"}
    assert [await servers.claim_greeting("1") for _ in range(3)] == [True, False, False]
    await servers.joined(["1"], 30.0)
    assert not await servers.claim_greeting("1")


async def test_a_server_that_comes_back_is_greeted_again_and_keeps_its_data(servers: Servers) -> None:
    await servers.joined(["1"], 10.0)
    assert await servers.claim_greeting("1")
    await servers.left(["1"], 20.0)
    assert (await servers.present(), await servers.left_before(21.0)) == (set(), ["1"])
    assert not await servers.claim_greeting("1")
    await servers.joined(["1"], 30.0)
    assert (await servers.present(), await servers.left_before(99.0)) == ({"1"}, [])
    assert await servers.claim_greeting("1")


async def test_servers_the_bot_was_always_in_are_not_greeted(servers: Servers) -> None:
    await servers.joined(["1", "2"], 10.0, greeted=True)
    assert await servers.present() == {"1", "2"}
    assert not await servers.claim_greeting("1")
    assert not await servers.claim_greeting("3")


async def test_leaving_counts_from_the_first_time_it_was_told(servers: Servers) -> None:
    await servers.joined(["1", "2", "3"], 10.0)
    await servers.left(["2"], 30.0)
    await servers.left(["1", "4"], 20.0)
    await servers.left(["1", "2"], 90.0)
    assert await servers.left_before(20.0) == []
    assert await servers.left_before(50.0) == ["1", "2"]


async def test_a_bot_in_very_many_servers_writes_them_down(servers: Servers) -> None:
    ids = [str(number) for number in range(1201)]
    await servers.joined(ids, 10.0, greeted=True)
    await servers.joined(ids, 11.0)
    assert len(await servers.present()) == len(ids)
    await servers.left(ids, 12.0)
    assert len(await servers.left_before(13.0)) == len(ids)
