"""What an operator wants done by a running bot, by whichever of its processes gets there first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.tables import operator_task as table
from bot.store.together import STATEMENT_TIMEOUT_S

_FEW = 500  # rows in one statement
_LOOKED_AT = 200  # open tasks among which a process looks for its own


class TaskKind(StrEnum):
    """The values are stored."""

    LEAVE = "leave"
    TELL = "tell"
    BLOCK = "block"


class TaskState(StrEnum):
    """The values are stored."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OperatorTask:
    """For one server, or `*`. `detail` are plain JSON values; `attempts` counts claims."""

    id: str
    kind: TaskKind
    scope_id: str
    by_user_id: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0


class OperatorTasks:
    """Every method is one committed transaction. A task is claimed for a while by one statement, so that of several
    processes one does it; the claim of a process that died ends by itself."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, tasks: Iterable[OperatorTask]) -> None:
        """All of them or none."""
        rows = [
            {
                "id": task.id,
                "kind": task.kind.value,
                "scope_id": task.scope_id,
                "detail": dict(task.detail),
                "by_user_id": task.by_user_id,
                "state": TaskState.OPEN.value,
                "at": task.at,
            }
            for task in tasks
        ]
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            for at in range(0, len(rows), _FEW):
                await connection.execute(insert(table), rows[at : at + _FEW])

    async def claim(self, now: float, until: float, owns: Callable[[str], bool]) -> OperatorTask | None:
        """The oldest open task whose scope this process `owns` and which nobody has claimed; None without one."""
        free = (table.c.state == TaskState.OPEN.value) & (table.c.claimed_until <= now)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(select(table).where(free).order_by(table.c.id).limit(_LOOKED_AT))).all()
        for row in rows:
            if not owns(row.scope_id):
                continue
            step = update(table).where(table.c.id == row.id, free)
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                claimed = await connection.execute(step.values(claimed_until=until, attempts=table.c.attempts + 1))
            if claimed.rowcount == 1:
                return _task(row)
        return None

    async def end(self, task_id: str, state: TaskState, outcome: str) -> None:
        """`outcome` in a few words of ours."""
        values = {"state": state.value, "outcome": outcome}
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(update(table).where(table.c.id == task_id).values(values))

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """How many there are by kind and state."""
        query = select(table.c.kind, table.c.state, func.count()).group_by(table.c.kind, table.c.state)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return Counter({(row[0], row[1]): row[2] for row in (await connection.execute(query)).all()})

    async def sweep(self, before: float) -> int:
        """Delete what is older; returns how many."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount


def _task(row: Row[Any]) -> OperatorTask:
    return OperatorTask(
        row.id, TaskKind(row.kind), row.scope_id, row.by_user_id, row.at, row.detail, attempts=row.attempts + 1
    )
