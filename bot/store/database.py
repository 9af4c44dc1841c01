"""The database connection and its migrations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

IN_MEMORY_URL = "sqlite+aiosqlite:///:memory:"
BUSY_TIMEOUT_MS = 20_000  # a burst of writers takes turns for seconds on a slow disk; less than a statement's timeout


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[AsyncEngine]:
    """A connected engine whose schema is at the newest migration; SQLite creates its file and folder."""
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        yield engine
    finally:
        await engine.dispose()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision` within the connection's transaction."""
    command.upgrade(_alembic(connection), revision)


def downgrade(connection: Connection, revision: str = "base") -> None:
    """The way back, for tests and for returning to an older version."""
    command.downgrade(_alembic(connection), revision)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _engine(url: str) -> AsyncEngine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True)
    if parsed.database in {None, "", ":memory:"}:
        # One connection is the whole database: whoever needs it waits for the end of the other's transaction.
        engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    else:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _tune_sqlite)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _tune_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers and the writer work side by side; FULL makes a commit survive a power cut.

    Without an isolation level the driver leaves transactions to `_begin`; its own ones leave out changes of the schema,
    so that a crash within a migration would stop every later start.
    https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#serializable-isolation-savepoints-transactional-ddl
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
