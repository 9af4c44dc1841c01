"""The database connection and its migrations."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, func, make_url, select
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from bot.store.nul import storable_json, with_storable_texts

IN_MEMORY_URL = "sqlite+aiosqlite:///:memory:"
_SQLITE_CONNECTIONS = 3  # each is a thread; under load, more of them only take the interpreter from each other
_UPGRADE_LOCK = 0x656D6F7465  # any number that nobody else uses in this database
_POSTGRESQL_CONNECTIONS = 10  # of one process; a server takes 100 unless it is told otherwise
_CONNECT_TIMEOUT_S = 10
_PING_TIMEOUT_S = 3  # a connection that is silent for so long is dead, and so are those that lie beside it
_ABANDONED_S = 60  # the server ends a transaction whose client says nothing: it may hold what others wait for
_SINCE, _NEW = "since", "new"  # what a connection's record says: when it was made, and that nobody has used it yet
BUSY_TIMEOUT_MS = 20_000  # a burst of writers takes turns for seconds on a slow disk; less than a statement's timeout


class DatabaseUnusable(Exception):
    """It cannot be worked with; the text says why, without the password."""


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[AsyncEngine]:
    """A connected engine whose schema is at the newest migration; SQLite creates its file and folder.

    Raise DatabaseUnusable for one of a newer version of the program, or without the driver; OSError and
    SQLAlchemyError for a server that does not answer or lets nobody in.
    """
    engine = _engine(url)
    try:
        if engine.dialect.name == "sqlite":
            await _use_write_ahead_log(engine)
        await _upgrade_alone(engine)
        yield engine
    finally:
        await engine.dispose()


async def _use_write_ahead_log(engine: AsyncEngine) -> None:
    """Readers and the writer work side by side then; the file stays like that. Programs that start together on a new
    one disturb each other here, whatever their busy timeout."""
    attempts = AsyncRetrying(
        retry=retry_if_exception(_is_busy),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            async with engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                await driver.execute("PRAGMA journal_mode = WAL")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


async def _upgrade_alone(engine: AsyncEngine) -> None:
    """Processes that start together on one database take turns, and all but the first find nothing to do."""
    async with engine.connect() as connection:
        await connection.execution_options(begin="BEGIN IMMEDIATE")
        async with connection.begin():
            if engine.dialect.name == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            await connection.run_sync(upgrade)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision` within the connection's transaction; DatabaseUnusable when it is of a newer
    version of the program, which is left as it is."""
    config = _alembic(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := set(MigrationContext.configure(connection).get_current_heads()) - known:
        raise DatabaseUnusable(
            f"a newer version of emoteface has used this database (its migration {min(unknown)} is unknown here); "
            "run that version, or restore the backup from before the upgrade"
        )
    command.upgrade(config, revision)


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
        return _postgresql_engine(parsed)
    if parsed.database in {None, "", ":memory:"}:
        # One connection is the whole database: whoever needs it waits for the end of the other's transaction.
        engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=1, max_overflow=0)
    else:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_async_engine(url, pool_size=_SQLITE_CONNECTIONS, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _tune_sqlite)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    """Connections that broke while they lay in the pool are replaced without anybody noticing: they are asked before
    they are used. The library's own way of asking waits for ever for a network that says nothing."""
    try:
        engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=_POSTGRESQL_CONNECTIONS,
            max_overflow=0,
            connect_args={
                "timeout": _CONNECT_TIMEOUT_S,
                "server_settings": {"idle_in_transaction_session_timeout": f"{_ABANDONED_S}s"},
            },
            json_serializer=storable_json,
        )
    except ModuleNotFoundError:
        raise DatabaseUnusable("PostgreSQL needs its driver: pip install 'emoteface[scale]'") from None
    event.listen(engine.sync_engine, "before_cursor_execute", with_storable_texts, retval=True)
    distrust = _Distrust()
    event.listen(engine.sync_engine, "connect", distrust.note)
    event.listen(engine.sync_engine, "checkout", distrust.ping)
    event.listen(engine.sync_engine, "close", distrust.end)
    return engine


class _Distrust:
    """Of what lies in the pool: a connection is asked before it is used, and one that says nothing discredits all
    older ones, which are ended without the goodbye that each would wait seconds for."""

    def __init__(self) -> None:
        self._silent_at = -math.inf

    def note(self, _connection: object, record: Any) -> None:
        record.info |= {_SINCE: time.monotonic(), _NEW: True}

    def ping(self, connection: Any, record: Any, _proxy: object) -> None:
        """Raise what makes the pool connect anew; a connection that has just been made needs no asking."""
        if record.info.pop(_NEW, False):
            return
        try:
            connection.run_async(lambda driver: driver.fetchrow(";", timeout=_PING_TIMEOUT_S))
        except Exception as error:  # whatever is wrong with it, a new one is better
            self._silent_at = time.monotonic()
            raise InvalidatePoolError from error

    def end(self, connection: Any, record: Any) -> None:
        if record.info.get(_SINCE, math.inf) <= self._silent_at:
            connection.driver_connection.terminate()


def _tune_sqlite(connection: Any, _record: object) -> None:
    """FULL makes a commit survive a power cut.

    Without an isolation level the driver leaves transactions to `_begin`; its own ones leave out changes of the schema,
    so that a crash within a migration would stop every later start.
    https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#serializable-isolation-savepoints-transactional-ddl
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("synchronous = FULL", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
