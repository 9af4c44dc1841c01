"""Group commit: what is written at the same time is committed together.

A commit that survives a power cut costs milliseconds, and SQLite has one writer. While one commit runs, further writes
line up; whoever is next commits all of them. Should one fail, nothing has happened yet, and they are done again, each
in a savepoint of its own: savepoints would take most of the time, and hardly any write fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

STATEMENT_TIMEOUT_S = 30

T = TypeVar("T")
Write: TypeAlias = Executable | tuple[Executable, Mapping[str, Any]]
"""A statement, perhaps with the values of its parameters."""


@dataclass(slots=True)
class _Write:
    work: Callable[[AsyncConnection], Awaitable[Any]]
    outcome: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def writing(engine: AsyncEngine) -> AsyncEngine:
    """For transactions that read before they write. In SQLite, one that began by reading may not write any more once
    somebody else has written, and fails at once; so these take the lock when they begin."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


class Together:
    """All writers of one engine share it (`together`): beside another writer, one would starve the other."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._waiting: list[_Write] = []

    async def write(self, *statements: Write) -> int:
        """Committed, all of them or none, when this returns; the number of rows the last changed. See `do`."""

        async def work(connection: AsyncConnection) -> int:
            changed = 0
            for each in statements:
                statement, values = each if isinstance(each, tuple) else (each, None)
                changed = (await connection.execute(statement, values)).rowcount
            return changed

        return await self.do(work)

    async def do(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Committed when this returns, with what `work` returned; when it raises, nothing of it happened. It may be
        called again after it was undone, so all it does is in the database.

        TimeoutError after 30 s without the database. Cancelled, it may or may not have been written.
        """
        write = _Write(work)
        self._waiting.append(write)
        async with self._lock:
            if not write.outcome.done():
                writes, self._waiting = self._waiting, []
                await self._finish(asyncio.ensure_future(self._commit(writes)))
        outcome: T = await write.outcome
        return outcome

    async def _finish(self, commit: asyncio.Future[None]) -> None:
        """A commit is everybody's: who is cancelled over it still sees it through."""
        try:
            await asyncio.shield(commit)
        except asyncio.CancelledError:
            await asyncio.wait([commit])
            raise

    async def _commit(self, writes: list[_Write]) -> None:
        try:
            results = await self._results(writes)
        except Exception as error:  # noqa: BLE001  # whatever it is, all of them wait to hear of it
            results = [error] * len(writes)
        for write, result in zip(writes, results, strict=True):
            if write.outcome.done():
                continue
            if isinstance(result, Exception):
                write.outcome.set_exception(result)
            else:
                write.outcome.set_result(result)

    async def _results(self, writes: list[_Write]) -> list[Any]:
        try:
            return await self._at_once(writes)
        except _Undone as undone:
            return [undone.reason] if len(writes) == 1 else await self._each_by_itself(writes)

    async def _at_once(self, writes: list[_Write]) -> list[Any]:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
            try:
                return [await write.work(connection) for write in writes]
            except Exception as error:
                raise _Undone(error) from error

    async def _each_by_itself(self, writes: list[_Write]) -> list[Any]:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
            return [await _attempted(connection, write) for write in writes]


class _Undone(Exception):
    """One of the writes failed for this `reason`, and none has been committed."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


async def _attempted(connection: AsyncConnection, write: _Write) -> Any:
    """What the work returned, or what it raised: that is its own writer's business, and not the others'."""
    try:
        async with connection.begin_nested():
            return await write.work(connection)
    except Exception as error:  # noqa: BLE001  # whatever it is, it goes to who asked for the work
        return error


@lru_cache(maxsize=8)
def together(engine: AsyncEngine) -> Together:
    """The one of this engine. A program has one engine; tests have many, one after the other."""
    return Together(engine)
