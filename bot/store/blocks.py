"""Who and what is not wanted: people, roles, emotes and pictures, in one server or everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import AuditEntry, write_down
from bot.store.tables import block as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put


class BlockKind(StrEnum):
    """What is blocked; the values are stored."""

    USER = "user"
    ROLE = "role"
    EMOTE = "emote"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Block:
    """`value` names it: `discord:4711`, a role's id, `7tv:…`, a picture's digest. `looks` only for pictures."""

    scope_id: str
    kind: BlockKind
    value: str
    by_user_id: str
    at: float
    looks: bytes | None = None


# built once: that takes longer than running them, and every question does
_IN_SCOPES = table.c.scope_id.in_(bindparam("scopes", expanding=True))
_NAMED = select(table.c.kind, table.c.value).where(
    _IN_SCOPES,
    table.c.kind.in_(bindparam("kinds", expanding=True)),
    table.c.value.in_(bindparam("values", expanding=True)),
)
_OF_KIND = select(table).where(_IN_SCOPES, table.c.kind == bindparam("kind")).order_by(table.c.at.desc(), table.c.value)


class BlockStore:
    """Nothing is kept in memory, so that a block counts at once in every process that shares the store."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def any_of(self, scope_ids: Collection[str], names: Collection[tuple[BlockKind, str]]) -> bool:
        """Whether one of these is blocked in one of the scopes."""
        if not names:
            return False
        wanted = {
            "scopes": list(scope_ids),
            "kinds": list({kind.value for kind, _ in names}),
            "values": list({value for _, value in names}),
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            found = (await connection.execute(_NAMED, wanted)).all()
        return not {(kind.value, value) for kind, value in names}.isdisjoint((row.kind, row.value) for row in found)

    async def all(self, scope_ids: Collection[str], kind: BlockKind) -> list[Block]:
        """Everything of a kind, the newest first."""
        wanted = {"scopes": list(scope_ids), "kind": kind.value}
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(_OF_KIND, wanted)).all()
        return [Block(row.scope_id, kind, row.value, row.by_user_id, row.at, row.looks) for row in rows]

    async def count(self, scope_id: str, kind: BlockKind) -> int:
        """How many there are of a kind."""
        is_meant = and_(table.c.scope_id == scope_id, table.c.kind == kind.value)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(select(func.count()).select_from(table).where(is_meant))).scalar_one()

    async def add(self, block: Block, entry: AuditEntry) -> None:
        """Once; what is blocked already is blocked anew."""
        row = {
            "scope_id": block.scope_id,
            "kind": block.kind.value,
            "value": block.value,
            "looks": block.looks,
            "by_user_id": block.by_user_id,
            "at": block.at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(put(connection, table), row)
            await write_down(connection, entry)

    async def remove(self, scope_id: str, kind: BlockKind, value: str, entry: AuditEntry) -> bool:
        """False, and nothing written down, when it was not blocked."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            gone = (await connection.execute(delete(table).where(_is(scope_id, kind, value)))).rowcount > 0
            if gone:
                await write_down(connection, entry)
        return gone


def _is(scope_id: str, kind: BlockKind, value: str) -> ColumnElement[bool]:
    return and_(table.c.scope_id == scope_id, table.c.kind == kind.value, table.c.value == value)
