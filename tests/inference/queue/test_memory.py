from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

pytest.register_assert_rewrite("tests.inference.queue.contract")

from config.queue import QueueSettings  # noqa: E402
from inference.protocol import MAX_RESULT_BYTES, FailureCode  # noqa: E402
from inference.queue.interface import JobQueue, QueueFull  # noqa: E402
from inference.queue.memory import DEAD_LETTERS, TICKETS_PER_JOB, MemoryQueue  # noqa: E402
from inference.queue.outcomes import UNCLAIMED_BYTES, UNCLAIMED_TTL_S  # noqa: E402
from inference.queue.pace import FIRST_GUESS_S_PER_COST  # noqa: E402
from tests.inference.queue.contract import (  # noqa: E402
    PATIENCE_S,
    SETTINGS,
    JobQueueContract,
    a_face,
    a_failure,
    a_job,
)


class Clock:
    """Stands still between `advance` calls."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class TestMemoryQueueKeepsTheContract(JobQueueContract):
    skipped_s = 0.0

    @asynccontextmanager
    async def open_queue(self, settings: QueueSettings = SETTINGS) -> AsyncIterator[JobQueue]:
        yield MemoryQueue(settings, clock=self.now)

    async def pass_time(self, seconds: float) -> None:
        self.skipped_s += seconds

    def now(self) -> float:
        return time.time() + self.skipped_s


async def drawn(queue: MemoryQueue, number: int, content: bytes = b"face") -> None:
    """Have a face drawn and fetched."""
    ticket = await queue.submit(a_job(number))
    (lease,) = await queue.pull(1, 0)
    await lease.done(a_face(lease.job, content))
    await queue.result(ticket, PATIENCE_S)


async def is_cached(queue: MemoryQueue, number: int) -> bool:
    ticket = await queue.submit(a_job(number))
    try:
        await queue.result(ticket, 0)
    except TimeoutError:
        await queue.cancel(ticket)
        return False
    return True


async def test_the_cache_keeps_to_its_size_and_forgets_the_least_recently_used() -> None:
    queue = MemoryQueue(SETTINGS.model_copy(update={"cache_mb": 1}))
    for number in (1, 2, 3):
        await drawn(queue, number, bytes(300_000))
    assert await is_cached(queue, 1)
    await drawn(queue, 4, bytes(300_000))
    assert [number for number in (1, 2, 3, 4) if await is_cached(queue, number)] == [1, 3, 4]


@pytest.mark.parametrize("off", [{"cache_mb": 0}, {"cache_ttl_s": 0}])
async def test_without_a_cache_every_asker_in_flight_still_gets_the_face(off: dict[str, int]) -> None:
    queue = MemoryQueue(SETTINGS.model_copy(update=off))
    tickets = [await queue.submit(a_job()) for _ in range(200)]
    (lease,) = await queue.pull(1, 0)
    await lease.done(a_face(lease.job, bytes(MAX_RESULT_BYTES)))
    assert {await queue.result(ticket, 0) for ticket in tickets} == {a_face(a_job(), bytes(MAX_RESULT_BYTES))}
    assert not await is_cached(queue, 0)


async def test_faces_nobody_comes_for_take_bounded_memory_and_the_newest_stay() -> None:
    queue = MemoryQueue(SETTINGS.model_copy(update={"cache_mb": 0}))
    tickets = []
    for number in range(UNCLAIMED_BYTES // MAX_RESULT_BYTES + 4):
        tickets.append(await queue.submit(a_job(number)))
        (lease,) = await queue.pull(1, 0)
        await lease.done(a_face(lease.job, bytes(MAX_RESULT_BYTES)))
    with pytest.raises(LookupError):
        await queue.result(tickets[0], 0)
    assert await queue.result(tickets[-1], 0)


async def test_faces_nobody_comes_for_are_forgotten_after_a_while() -> None:
    clock = Clock()
    queue = MemoryQueue(SETTINGS.model_copy(update={"cache_ttl_s": 0}), clock)
    ticket = await queue.submit(a_job())
    (lease,) = await queue.pull(1, 0)
    await lease.done(a_face(lease.job))
    clock.advance(UNCLAIMED_TTL_S)
    with pytest.raises(LookupError):
        await queue.result(ticket, 0)


async def test_a_ticket_asked_twice_is_answered_from_the_cache() -> None:
    queue = MemoryQueue(SETTINGS)
    ticket = await queue.submit(a_job())
    (lease,) = await queue.pull(1, 0)
    await lease.done(a_face(lease.job))
    assert await queue.result(ticket, 0) == await queue.result(ticket, 0)


async def test_a_crash_is_not_remembered_longer_than_any_failure() -> None:
    clock = Clock()
    queue = MemoryQueue(SETTINGS, clock)
    await queue.submit(a_job())
    (lease,) = await queue.pull(1, 0)
    await lease.fail(a_failure(lease.job, FailureCode.GENERATOR_CRASHED), dead_letter=True)
    assert await is_cached(queue, 0)
    clock.advance(10)
    assert not await is_cached(queue, 0)


async def test_dead_letters_keep_the_job_and_are_bounded() -> None:
    queue = MemoryQueue(SETTINGS)
    for number in range(DEAD_LETTERS + 1):
        await queue.submit(a_job(number))
        (lease,) = await queue.pull(1, 0)
        await lease.fail(a_failure(lease.job, FailureCode.GENERATOR_HUNG), dead_letter=True)
    assert [letter.job for letter in queue.dead_letters] == [a_job(number) for number in range(1, DEAD_LETTERS + 1)]
    assert {(letter.code, letter.attempts) for letter in queue.dead_letters} == {(FailureCode.GENERATOR_HUNG, 1)}


async def test_the_number_of_askers_is_bounded() -> None:
    queue = MemoryQueue(SETTINGS.model_copy(update={"max_jobs": 1}))
    for _ in range(TICKETS_PER_JOB):
        await queue.submit(a_job())
    with pytest.raises(QueueFull):
        await queue.submit(a_job())


async def test_the_pace_follows_what_was_measured_over_whole_batches_and_no_single_one_decides() -> None:
    clock = Clock()
    queue = MemoryQueue(SETTINGS.model_copy(update={"max_jobs": 100, "cache_mb": 1}), clock)
    assert queue.stats().seconds_per_cost == FIRST_GUESS_S_PER_COST
    paces = []
    for number in range(500):
        await queue.submit(a_job(2 * number, iterations=3))
        await queue.submit(a_job(2 * number + 1, iterations=1))
        leases = await queue.pull(2, 0)
        clock.advance(2)
        for lease in leases:
            await lease.done(a_face(lease.job))
        paces.append(queue.stats().seconds_per_cost)
    assert paces[0] < 2 * FIRST_GUESS_S_PER_COST
    assert paces[-1] == pytest.approx(0.5, rel=0.01)


async def test_the_time_to_try_again_grows_with_the_work_in_the_queue() -> None:
    settings = SETTINGS.model_copy(update={"max_jobs": 100})

    async def refusal_s(iterations: int) -> float:
        queue = MemoryQueue(settings)
        for number in range(settings.max_jobs):
            await queue.submit(a_job(number, iterations=iterations))
        with pytest.raises(QueueFull) as refusal:
            await queue.submit(a_job(settings.max_jobs))
        return refusal.value.retry_after_s

    assert await refusal_s(10) > await refusal_s(1) >= 1


async def test_two_workers_never_share_a_job() -> None:
    queue = MemoryQueue(SETTINGS)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        workers = [group.create_task(queue.pull(1, fill_ms=5)) for _ in range(2)]
        await asyncio.sleep(0)
        await queue.submit(a_job(1))
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        await queue.submit(a_job(2))
    assert sorted(worker.result()[0].job.pictures[0].frames[0].rgba[1] for worker in workers) == [1, 2]


async def test_a_cancelled_pull_loses_nothing() -> None:
    queue = MemoryQueue(SETTINGS)
    await queue.submit(a_job())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await queue.pull(8, fill_ms=PATIENCE_S * 1000)
    (lease,) = await queue.pull(1, 0)
    assert lease.attempt == 1


async def test_a_waiting_worker_notices_that_another_one_fell_silent() -> None:
    queue = MemoryQueue(SETTINGS.model_copy(update={"lease_s": 0.1}))
    await queue.submit(a_job())
    await queue.pull(1, 0)
    async with asyncio.timeout(PATIENCE_S):
        (lease,) = await queue.pull(1, 0)
    assert lease.attempt == 2


async def test_a_job_given_back_after_its_asker_left_is_dropped() -> None:
    queue = MemoryQueue(SETTINGS)
    ticket = await queue.submit(a_job())
    (lease,) = await queue.pull(1, 0)
    await queue.cancel(ticket)
    await lease.release()
    assert queue.stats().waiting == queue.stats().leased == 0


async def test_an_asker_whose_job_is_being_drawn_leaves_at_the_deadline() -> None:
    clock = Clock()
    queue = MemoryQueue(SETTINGS, clock)
    ticket = await queue.submit(a_job(deadline_at=clock() + 1))
    (lease,) = await queue.pull(1, 0)
    clock.advance(1)
    assert await queue.result(ticket, 0) == a_failure(a_job(), FailureCode.DEADLINE_EXCEEDED)
    await lease.done(a_face(lease.job))
    assert await is_cached(queue, 0)


async def test_an_outcome_of_another_job_is_a_defect() -> None:
    queue = MemoryQueue(SETTINGS)
    await queue.submit(a_job(1))
    (lease,) = await queue.pull(1, 0)
    with pytest.raises(ValueError, match="another job"):
        await lease.done(a_face(a_job(2)))
