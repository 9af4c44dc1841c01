"""Who is logged in to the panel, and the codes by which the command line logs somebody in.

Only hashes of session ids and codes are stored: whoever reads the database cannot log in with what it says.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.models import Platform
from bot.store.tables import login_code
from bot.store.tables import web_session as table
from bot.store.together import STATEMENT_TIMEOUT_S

MAX_SESSIONS = 10  # of one person, over all browsers; the oldest goes first
MAX_CODES = 20  # unused ones


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is on a platform; `name` is for showing. `scope_ids` are the places that the platform said, at the
    login, this person manages: what is offered, not what is allowed."""

    platform: Platform
    user_id: str
    name: str
    scope_ids: tuple[str, ...] = ()


class WebSessions:
    """Every method is one committed transaction; times are Unix seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, session_id: str, who: Identity, now: float, expires_at: float) -> None:
        """From now on `session_id` is this person."""
        row = {
            "id_hash": _hash(session_id),
            "platform": who.platform.value,
            "user_id": who.user_id,
            "name": who.name,
            "scope_ids": list(who.scope_ids),
            "begun_at": now,
            "expires_at": expires_at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await _make_room(connection, who)
            await connection.execute(insert(table).values(row))

    async def find(self, session_id: str, now: float) -> Identity | None:
        """Who that is; None for a session that is over or never was."""
        query = select(table).where(table.c.id_hash == _hash(session_id), table.c.expires_at > now)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Identity(Platform(row.platform), row.user_id, row.name, tuple(row.scope_ids))

    async def end(self, session_id: str) -> None:
        """It is nobody's any more."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(table).where(table.c.id_hash == _hash(session_id)))

    async def add_code(self, code: str, now: float, expires_at: float) -> None:
        """Whoever has it can log in once."""
        newest = select(login_code.c.code_hash).order_by(login_code.c.expires_at.desc()).limit(MAX_CODES - 1)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            kept = list((await connection.execute(newest)).scalars())
            over = login_code.c.code_hash.not_in(kept) | (login_code.c.expires_at <= now)
            await connection.execute(delete(login_code).where(over))
            await connection.execute(insert(login_code).values(code_hash=_hash(code), expires_at=expires_at))

    async def use_code(self, code: str, now: float) -> bool:
        """True once for each code, in time."""
        valid = (login_code.c.code_hash == _hash(code)) & (login_code.c.expires_at > now)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(login_code).where(valid))).rowcount == 1

    async def sweep(self, now: float) -> int:
        """Delete what is over; how many sessions that were."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(login_code).where(login_code.c.expires_at <= now))
            return (await connection.execute(delete(table).where(table.c.expires_at <= now))).rowcount


async def _make_room(connection: AsyncConnection, who: Identity) -> None:
    theirs = (table.c.platform == who.platform.value) & (table.c.user_id == who.user_id)
    newest = select(table.c.id_hash).where(theirs).order_by(table.c.begun_at.desc()).limit(MAX_SESSIONS - 1)
    kept = list((await connection.execute(newest)).scalars())
    await connection.execute(delete(table).where(theirs, table.c.id_hash.not_in(kept)))


def _hash(secret: str) -> str:
    """Ids and codes are 256 random bits, so that a plain hash cannot be turned around."""
    return hashlib.sha256(secret.encode()).hexdigest()
