"""Members who do not want their pictures drawn by others."""

from __future__ import annotations

import asyncio

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform
from bot.store.tables import opt_out as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put_once


class OptOuts:
    """One entry a member; it holds in every server."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def has(self, platform: Platform, user_id: str) -> bool:
        """Whether the member has opted out."""
        query = select(table.c.user_id).where(table.c.platform == platform.value, table.c.user_id == user_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def set(self, platform: Platform, user_id: str, *, out: bool) -> None:
        """Opt out, or back in; saying it twice changes nothing."""
        is_member = (table.c.platform == platform.value) & (table.c.user_id == user_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            if out:
                await connection.execute(put_once(connection, table), {"platform": platform.value, "user_id": user_id})
            else:
                await connection.execute(delete(table).where(is_member))
