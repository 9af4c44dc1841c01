"""Who likes which face: one vote a person and face, for as long as its request is stored."""

from __future__ import annotations

import asyncio

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform
from bot.store.tables import vote as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put_once


class Votes:
    """Every method is one committed transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def toggle(self, request_id: str, platform: Platform, user_id: str) -> int:
        """Vote, or take the vote back; how many there are then. One at a time for each person and face."""
        is_theirs = (
            (table.c.request_id == request_id) & (table.c.platform == platform.value) & (table.c.user_id == user_id)
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            if not (await connection.execute(delete(table).where(is_theirs))).rowcount:
                row = {"request_id": request_id, "platform": platform.value, "user_id": user_id}
                await connection.execute(put_once(connection, table), row)
            return (await connection.execute(_count(request_id))).scalar_one()

    async def count(self, request_id: str) -> int:
        """How many like it."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(_count(request_id))).scalar_one()


def _count(request_id: str) -> Select[int]:
    return select(func.count()).where(table.c.request_id == request_id)
