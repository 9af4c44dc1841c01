from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform
from bot.store.database import open_database
from bot.store.opt_outs import OptOuts


async def test_an_opt_out_is_one_members_on_one_platform_until_it_is_taken_back(engine: AsyncEngine) -> None:
    opt_outs = OptOuts(engine)
    for _ in range(2):
        await opt_outs.set(Platform.DISCORD, "1", out=True)
    assert await opt_outs.has(Platform.DISCORD, "1")
    assert not await opt_outs.has(Platform.DISCORD, "2")
    assert not await opt_outs.has(Platform.WEB, "1")
    for _ in range(2):
        await opt_outs.set(Platform.DISCORD, "1", out=False)
    assert not await opt_outs.has(Platform.DISCORD, "1")


async def test_an_opt_out_survives_a_restart(url: str) -> None:
    async with open_database(url) as engine:
        await OptOuts(engine).set(Platform.DISCORD, "1", out=True)
    async with open_database(url) as engine:
        assert await OptOuts(engine).has(Platform.DISCORD, "1")
