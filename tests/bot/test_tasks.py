"""Work beside the main line: bounded, and each for itself."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.tasks import BoundedTasks


async def test_a_failure_is_logged_with_its_context_and_harms_no_sibling() -> None:
    gate, done = asyncio.Event(), asyncio.Event()

    async def patient() -> None:
        await gate.wait()
        done.set()

    async def broken() -> None:
        gate.set()
        raise RuntimeError("boom")

    with capture_logs() as logs:
        async with BoundedTasks(2) as tasks:
            tasks.start("patient", patient())
            tasks.start("broken", broken(), request_id="01X")
    assert done.is_set()
    [entry] = logs
    assert (entry["event"], entry["work"], entry["request_id"]) == ("work_failed", "broken", "01X")


async def test_at_the_bound_work_is_dropped_and_afterwards_taken_again() -> None:
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    async with BoundedTasks(1) as tasks:
        first = tasks.start("wait", wait())
        assert first is not None
        assert tasks.start("wait", wait()) is None
        gate.set()
        await first
        assert tasks.start("wait", wait()) is not None


async def test_leaving_by_an_exception_cancels_what_runs() -> None:
    started: list[asyncio.Task[None] | None] = []

    async def forever() -> None:
        await asyncio.Event().wait()

    async def leave() -> None:
        async with BoundedTasks(1) as tasks:
            started.append(tasks.start("forever", forever()))
            raise ZeroDivisionError

    with pytest.raises(BaseExceptionGroup):
        await leave()
    [task] = started
    assert task is not None
    assert task.cancelled()


async def test_work_cancelled_before_its_first_step_is_no_complaint() -> None:
    async def never() -> None:
        raise AssertionError

    async with BoundedTasks(1) as tasks:
        task = tasks.start("never", never())
        assert task is not None
        task.cancel()
    assert task.cancelled()


async def test_nothing_is_begun_once_the_others_have_ended_or_are_being_cancelled() -> None:
    async def work() -> None:
        raise AssertionError("begun")

    tasks = BoundedTasks(2)

    async def in_the_last_moment() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert tasks.start("late", work()) is None

    async def leave() -> None:
        async with tasks:
            tasks.start("patient", in_the_last_moment())
            await asyncio.sleep(0)
            raise ZeroDivisionError

    with capture_logs() as logs, pytest.raises(BaseExceptionGroup):
        await leave()
    assert tasks.start("later", work()) is None
    assert [(entry["event"], entry["work"]) for entry in logs] == [("work_not_begun", "late")]
