"""The secret address of each scope's stream overlay. Whoever has it sees what the stream shows, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import overlay as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put, put_once

SECRET_BYTES = 24
SECRET_CHARS = SECRET_BYTES * 4 // 3  # in base64


class OverlaySecrets:
    """One secret a scope. Every method is one committed transaction.

    A secret is looked up by its digest, so that how long it takes says nothing about any secret.
    """

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    async def of(self, scope_id: str) -> str:
        """The scope's secret, made when it is first asked for."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(put_once(connection, table).values(self._made(scope_id)))
            return str((await connection.execute(_secret_of(scope_id))).scalar_one())

    async def rotate(self, scope_id: str) -> str:
        """Another one; with the old one nobody gets in any more."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(put(connection, table).values(self._made(scope_id)))
            return str((await connection.execute(_secret_of(scope_id))).scalar_one())

    async def scope_of(self, secret: str) -> str | None:
        """Whose secret it is; None for one that is nobody's (any more)."""
        query = select(table.c.scope_id, table.c.secret).where(table.c.digest == _digest(secret))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            found = (await connection.execute(query)).one_or_none()
        if found is None or not hmac.compare_digest(found.secret.encode(), secret.encode()):
            return None
        return str(found.scope_id)

    def _made(self, scope_id: str) -> dict[str, Any]:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        return {"scope_id": scope_id, "secret": secret, "digest": _digest(secret), "made_at": self._clock()}


def _secret_of(scope_id: str) -> Select[str]:
    return select(table.c.secret).where(table.c.scope_id == scope_id)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
