"""Each task is done once, by whoever may and gets there first; a claim of somebody who died ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.operator_tasks import OperatorTask, OperatorTasks, TaskKind, TaskState


@pytest.fixture
async def tasks() -> AsyncIterator[OperatorTasks]:
    async with open_database(IN_MEMORY_URL) as engine:
        yield OperatorTasks(engine)


def task(number: int, scope_id: str = "1") -> OperatorTask:
    return OperatorTask(f"T{number}", TaskKind.TELL, scope_id, "operator", 5.0, {"words": "hello"})


async def claimed(tasks: OperatorTasks, now: float, *owned: str) -> str | None:
    found = await tasks.claim(now, now + 60, lambda scope_id: not owned or scope_id in owned)
    return None if found is None else found.id


async def test_of_many_who_want_a_task_one_gets_it(tasks: OperatorTasks) -> None:
    await tasks.add([task(1)])
    got = await asyncio.gather(*(claimed(tasks, 10.0) for _ in range(8)))
    assert [each for each in got if each] == ["T1"]


async def test_tasks_come_in_their_order_and_only_to_who_owns_them(tasks: OperatorTasks) -> None:
    await tasks.add([task(1, "1"), task(2, "2"), task(3, "1")])
    assert [await claimed(tasks, 10.0, "1") for _ in range(3)] == ["T1", "T3", None]
    assert await claimed(tasks, 10.0, "2") == "T2"


async def test_a_claim_that_ended_is_taken_over_and_what_is_done_is_not(tasks: OperatorTasks) -> None:
    await tasks.add([task(1)])
    assert await claimed(tasks, 10.0) == "T1"
    assert await claimed(tasks, 69.0) is None
    again = await tasks.claim(71.0, 131.0, lambda scope_id: True)
    assert again is not None
    assert (again.id, again.attempts, again.detail) == ("T1", 2, {"words": "hello"})
    await tasks.end("T1", TaskState.DONE, "")
    assert await claimed(tasks, 1000.0) is None
    assert await tasks.counts() == {("tell", "done"): 1}
    assert await tasks.sweep(6.0) == 1
