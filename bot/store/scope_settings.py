"""Settings of a scope (a server) and its channels: only what differs from the wider place is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import AuditEntry, write_down
from bot.store.tables import scope_setting as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put

WHOLE_SCOPE = ""  # the channel id of what holds in every channel

_IN_FORCE = select(table).where(  # built once: that takes longer than running it, and every question does
    table.c.scope_id.in_(bindparam("scopes", expanding=True)),
    table.c.channel_id.in_(bindparam("channels", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class StoredSetting:
    """One value as it was set."""

    scope_id: str
    channel_id: str
    name: str
    value: Any


class ScopeSettings:
    """Values by place and name; the caller validates them before they get here.

    Nothing is kept in memory, so that a change counts at once in every process that shares the store.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, scope_ids: Collection[str], channel_ids: Collection[str]) -> list[StoredSetting]:
        """Every value set for these scopes as a whole and for these channels of theirs."""
        wanted = {"scopes": list(scope_ids), "channels": [WHOLE_SCOPE, *channel_ids]}
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [StoredSetting(*row) for row in await connection.execute(_IN_FORCE, wanted)]

    async def all(self, scope_id: str) -> list[StoredSetting]:
        """Every value set anywhere in the scope."""
        query = select(table).where(table.c.scope_id == scope_id).order_by(table.c.channel_id, table.c.name)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [StoredSetting(*row) for row in await connection.execute(query)]

    async def set(self, setting: StoredSetting, entry: AuditEntry) -> None:
        """Set one value and write down who did; None is a value, too."""
        row = {
            "scope_id": setting.scope_id,
            "channel_id": setting.channel_id,
            "name": setting.name,
            "value": setting.value,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(put(connection, table), row)
            await write_down(connection, entry)

    async def remove(self, setting: StoredSetting, entry: AuditEntry) -> None:
        """Go back to the wider place's value and write down who did."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(table).where(_is(setting)))
            await write_down(connection, entry)


def _is(setting: StoredSetting) -> ColumnElement[bool]:
    return and_(
        table.c.scope_id == setting.scope_id,
        table.c.channel_id == setting.channel_id,
        table.c.name == setting.name,
    )
