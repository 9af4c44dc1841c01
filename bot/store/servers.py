"""In which servers the bot is, since when, and which it left."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.models import Platform, twitch_scope
from bot.store.tables import server as table
from bot.store.together import STATEMENT_TIMEOUT_S, writing
from bot.store.upsert import put_once

_FEW = 500  # rows in one statement; SQLite takes only so many values


class Servers:
    """Scope ids of servers, one row each. Every method is one committed transaction; times are Unix seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def present(self, platform: Platform = Platform.DISCORD) -> set[str]:
        """Where the bot is, as far as it was told: servers of Discord, or channels of Twitch."""
        of_twitch = table.c.scope_id.startswith(twitch_scope(""), autoescape=True)
        there = of_twitch if platform is Platform.TWITCH else ~of_twitch
        query = select(table.c.scope_id).where(table.c.left_at.is_(None), there)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def joined(self, scope_ids: Collection[str], at: float, *, greeted: bool = False) -> None:
        """The bot is in these: since now, where it had left or never was; nothing changes where it has been all along.

        `greeted`: nobody needs a greeting there.
        """
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
            for few in _batches(scope_ids):
                await _join(connection, few, at, greeted)

    async def left(self, scope_ids: Collection[str], at: float) -> None:
        """The bot is no longer in these."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            for few in _batches(scope_ids):
                there = table.c.scope_id.in_(few) & table.c.left_at.is_(None)
                await connection.execute(update(table).where(there).values(left_at=at))

    async def claim_greeting(self, scope_id: str) -> bool:
        """Whether to greet now: true once for each time the bot joined, whoever asks."""
        waits = (table.c.scope_id == scope_id) & ~table.c.greeted & table.c.left_at.is_(None)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return bool((await connection.execute(update(table).where(waits).values(greeted=True))).rowcount)

    async def left_before(self, at: float) -> list[str]:
        """Those the bot left before then and has not joined again, the longest gone first."""
        query = select(table.c.scope_id).where(table.c.left_at < at).order_by(table.c.left_at)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())


async def _join(connection: AsyncConnection, scope_ids: list[str], at: float, greeted: bool) -> None:
    known = set((await connection.execute(select(table.c.scope_id).where(table.c.scope_id.in_(scope_ids)))).scalars())
    values = {"joined_at": at, "greeted": greeted, "left_at": None}
    back = table.c.scope_id.in_(scope_ids) & table.c.left_at.is_not(None)
    await connection.execute(update(table).where(back).values(values))
    if new := [{"scope_id": scope_id, **values} for scope_id in dict.fromkeys(scope_ids) if scope_id not in known]:
        await connection.execute(put_once(connection, table), new)


def _batches(scope_ids: Collection[str]) -> list[list[str]]:
    ids = list(scope_ids)
    return [ids[at : at + _FEW] for at in range(0, len(ids), _FEW)]
