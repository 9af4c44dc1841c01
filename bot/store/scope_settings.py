"""Settings of one scope (a server, a channel): only what differs from the instance's defaults is stored."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.requests import STATEMENT_TIMEOUT_S
from bot.store.tables import scope_setting as table


class ScopeSettings:
    """Values by scope and name; the caller validates them before they get here."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self, scope_id: str) -> dict[str, Any]:
        """Every value set for the scope, by name."""
        query = select(table.c.name, table.c.value).where(table.c.scope_id == scope_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return {row.name: row.value for row in await connection.execute(query)}

    async def set(self, scope_id: str, name: str, value: Any) -> None:
        """Set one value; None takes it back to the instance's default."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(table).where(table.c.scope_id == scope_id, table.c.name == name))
            if value is not None:
                await connection.execute(insert(table).values(scope_id=scope_id, name=name, value=value))
