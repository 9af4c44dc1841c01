"""Who changed what, and when: settings, blocks, pauses, takedowns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.tables import audit as table
from bot.store.together import STATEMENT_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is a word of ours, `detail` plain JSON values; `at` in Unix seconds."""

    scope_id: str
    user_id: str
    at: float
    action: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class Audit:
    """What changes something in the store writes its entry in the same transaction (`write_down`)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, entry: AuditEntry) -> None:
        """Write down what happened outside the store."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await write_down(connection, entry)

    async def recent(self, scope_id: str, limit: int) -> list[AuditEntry]:
        """The newest first."""
        query = select(table).where(table.c.scope_id == scope_id).order_by(table.c.id.desc()).limit(limit)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [AuditEntry(row.scope_id, row.user_id, row.at, row.action, row.detail) for row in rows]

    async def has(self, scope_id: str, action: str) -> bool:
        """Whether this is written down there."""
        query = select(table.c.id).where(table.c.scope_id == scope_id, table.c.action == action).limit(1)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def sweep(self, before: float) -> int:
        """Delete what is older; return how many entries."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount


async def write_down(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Within the transaction of what it is about."""
    row = {
        "scope_id": entry.scope_id,
        "user_id": entry.user_id,
        "at": entry.at,
        "action": entry.action,
        "detail": dict(entry.detail),
    }
    await connection.execute(insert(table).values(row))
