"""What every job queue must do. A back end's tests subclass `JobQueueContract` and say how to open it."""

from __future__ import annotations

import asyncio
import struct
from contextlib import AbstractAsyncContextManager

import pytest

from config.queue import QueueSettings
from inference.protocol import (
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceOutcome,
    FaceResult,
    FailureCode,
    Frame,
    Picture,
)
from inference.queue.interface import JobQueue, Lease, QueueFull, Ticket
from tests.polling import until

PATIENCE_S = 20.0
LEASE_S = 5.0
SETTINGS = QueueSettings(url="memory:", max_jobs=8, max_attempts=3, lease_s=LEASE_S, cache_ttl_s=60, cache_mb=4)


def a_job(number: int = 0, *, deadline_at: float = 1e12, iterations: int = 1) -> FaceJob:
    """Jobs of different numbers have different keys; the deadline makes no difference."""
    picture = Picture(1, 1, (Frame(struct.pack(">HBB", number, 0, 255)),))
    return FaceJob("model", (picture,), FaceOptions(iterations=iterations), deadline_at)


def a_face(job: FaceJob, content: bytes = b"face") -> FaceResult:
    return FaceResult(job.key, content, 128, 128, 1.5)


def a_failure(job: FaceJob, code: FailureCode = FailureCode.GENERATOR_FAILED) -> FaceFailure:
    return FaceFailure(job.key, code)


class JobQueueContract:
    """Times in these tests are short against PATIENCE_S and pass only by `pass_time`, or by waiting for an answer."""

    long_enough_s = 0.05
    """A job that is there would have been pulled within this time."""

    def open_queue(self, settings: QueueSettings = SETTINGS) -> AbstractAsyncContextManager[JobQueue]:
        """An empty queue."""
        raise NotImplementedError

    async def pass_time(self, seconds: float) -> None:
        """Let the queue's time go on."""
        raise NotImplementedError

    def now(self) -> float:
        """The queue's time."""
        raise NotImplementedError

    async def lease(self, queue: JobQueue, max_n: int = 1) -> list[Lease]:
        async with asyncio.timeout(PATIENCE_S):
            return await queue.pull(max_n, fill_ms=1)

    async def leases(self, queue: JobQueue, count: int, at_most: int) -> list[Lease]:
        """So many, however many pulls that takes: a batch that nobody waits for may be any part of what is there."""
        found: list[Lease] = []
        while len(found) < count:
            pulled = await self.lease(queue, at_most - len(found))
            assert len(pulled) <= at_most - len(found)
            found += pulled
        return found

    async def assert_nothing_to_pull(self, queue: JobQueue) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(self.long_enough_s):
                await queue.pull(1, fill_ms=0)

    async def outcome(self, queue: JobQueue, ticket: Ticket) -> FaceOutcome:
        return await queue.result(ticket, PATIENCE_S)

    async def test_a_job_is_delivered_and_its_face_reaches_the_asker(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            assert lease.job == a_job()
            assert lease.attempt == 1
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(self.outcome(queue, ticket))
                await asyncio.sleep(0)
                await lease.done(a_face(lease.job))
            assert waiting.result() == a_face(a_job())

    async def test_an_asker_may_come_for_the_face_after_it_was_drawn(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())

    async def test_a_second_asker_joins_the_job_in_flight(self) -> None:
        async with self.open_queue() as queue:
            first = await queue.submit(a_job())
            second = await queue.submit(a_job())
            (lease,) = await self.lease(queue, 8)
            third = await queue.submit(a_job())
            await lease.done(a_face(lease.job))
            for ticket in (first, second, third):
                assert await self.outcome(queue, ticket) == a_face(a_job())
            await self.assert_nothing_to_pull(queue)

    async def test_the_same_face_again_comes_from_the_cache(self) -> None:
        async with self.open_queue() as queue:
            await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, await queue.submit(a_job())) == a_face(a_job())
            await self.assert_nothing_to_pull(queue)

    async def test_only_a_cached_face_is_finished(self) -> None:
        async with self.open_queue() as queue:
            assert await queue.finished(a_job().key) is None
            ticket = await queue.submit(a_job())
            assert await queue.finished(a_job().key) is None
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await queue.finished(a_job().key) == a_face(a_job())
            assert await self.outcome(queue, ticket) == a_face(a_job()), "looking takes nobody's answer away"

    async def test_a_cached_failure_is_no_finished_face(self) -> None:
        async with self.open_queue() as queue:
            await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.fail(FaceFailure(lease.job.key, FailureCode.GENERATOR_FAILED))
            assert await queue.finished(a_job().key) is None

    async def test_a_cached_face_does_not_stay_for_ever(self) -> None:
        async with self.open_queue(SETTINGS.model_copy(update={"cache_ttl_s": 1})) as queue:
            await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            await self.pass_time(1.5)
            await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            assert lease.attempt == 1

    async def test_a_full_queue_says_when_to_try_again(self) -> None:
        async with self.open_queue(SETTINGS.model_copy(update={"max_jobs": 2})) as queue:
            await queue.submit(a_job(1))
            await queue.submit(a_job(2))
            with pytest.raises(QueueFull) as refusal:
                await queue.submit(a_job(3))
            assert 0 < refusal.value.retry_after_s <= 600

    async def test_leased_jobs_count_towards_the_bound_and_finished_ones_do_not(self) -> None:
        async with self.open_queue(SETTINGS.model_copy(update={"max_jobs": 1})) as queue:
            await queue.submit(a_job(1))
            (lease,) = await self.lease(queue)
            with pytest.raises(QueueFull):
                await queue.submit(a_job(2))
            await lease.done(a_face(lease.job))
            await queue.submit(a_job(2))

    async def test_a_full_queue_still_lets_askers_join(self) -> None:
        async with self.open_queue(SETTINGS.model_copy(update={"max_jobs": 1})) as queue:
            await queue.submit(a_job(1))
            ticket = await queue.submit(a_job(1))
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, ticket) == a_face(a_job(1))

    async def test_a_worker_waits_for_a_job(self) -> None:
        async with self.open_queue() as queue, asyncio.TaskGroup() as group:
            pulled = group.create_task(self.lease(queue))
            await asyncio.sleep(0)
            await queue.submit(a_job())
            (lease,) = await pulled
            assert lease.job == a_job()

    async def test_a_worker_gets_the_oldest_jobs_and_no_more_than_it_asked_for(self) -> None:
        async with self.open_queue() as queue:
            for number in range(5):
                await queue.submit(a_job(number))
            first, rest = await self.leases(queue, 2, at_most=2), await self.leases(queue, 3, at_most=8)
            assert [lease.job for lease in first] == [a_job(0), a_job(1)]
            assert [lease.job for lease in rest] == [a_job(2), a_job(3), a_job(4)]

    async def test_a_worker_waits_a_little_for_a_fuller_batch(self) -> None:
        async with self.open_queue() as queue, asyncio.TaskGroup() as group:
            await queue.submit(a_job(1))
            pulled = group.create_task(queue.pull(2, fill_ms=PATIENCE_S * 1000))
            await asyncio.sleep(0.01)
            await queue.submit(a_job(2))
            assert len(await pulled) == 2

    async def test_a_released_job_goes_to_the_head_of_the_queue(self) -> None:
        async with self.open_queue() as queue:
            await queue.submit(a_job(1))
            await queue.submit(a_job(2))
            (lease,) = await self.lease(queue)
            await lease.release()
            (again,) = await self.lease(queue)
            assert again.job == a_job(1)
            assert again.attempt == 2

    async def test_a_job_whose_worker_is_silent_is_delivered_again(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            await self.lease(queue)
            await self.pass_time(LEASE_S)
            (again,) = await self.lease(queue)
            assert again.attempt == 2
            await again.done(a_face(again.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())

    async def test_a_worker_that_extends_its_lease_keeps_the_job(self) -> None:
        async with self.open_queue() as queue:
            await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            for _ in range(4):
                await self.pass_time(LEASE_S / 3)
                await lease.extend()
            await self.assert_nothing_to_pull(queue)

    async def test_a_job_that_silences_every_worker_is_given_up(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            for _ in range(SETTINGS.max_attempts):
                await self.lease(queue)
                await self.pass_time(LEASE_S)
            await self.assert_nothing_to_pull(queue)
            assert await self.outcome(queue, ticket) == a_failure(a_job(), FailureCode.GENERATOR_CRASHED)
            await until(lambda: queue.stats().dead_letters == 1)

    async def test_a_late_second_answer_is_dropped(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (slow,) = await self.lease(queue)
            await self.pass_time(LEASE_S)
            (fast,) = await self.lease(queue)
            await fast.done(a_face(fast.job, b"first"))
            await slow.done(a_face(slow.job, b"second"))
            assert await self.outcome(queue, ticket) == a_face(a_job(), b"first")
            assert await self.outcome(queue, await queue.submit(a_job())) == a_face(a_job(), b"first")

    async def test_a_late_face_counts_if_it_is_the_first(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (slow,) = await self.lease(queue)
            await self.pass_time(LEASE_S)
            (other,) = await self.lease(queue)
            await slow.done(a_face(slow.job))
            await other.fail(a_failure(other.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())

    async def test_a_late_failure_does_not_spoil_another_try(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (slow,) = await self.lease(queue)
            await self.pass_time(LEASE_S)
            (other,) = await self.lease(queue)
            await slow.fail(a_failure(slow.job), dead_letter=True)
            await slow.release()
            await other.done(a_face(other.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())
            assert queue.stats().dead_letters == 0

    async def test_an_ended_lease_does_nothing_more(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            await lease.release()
            await lease.extend()
            await lease.fail(a_failure(lease.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())
            await self.assert_nothing_to_pull(queue)

    async def test_a_failure_reaches_everybody_and_is_remembered_for_a_short_time(self) -> None:
        async with self.open_queue() as queue:
            tickets = [await queue.submit(a_job()), await queue.submit(a_job())]
            (lease,) = await self.lease(queue)
            await lease.fail(a_failure(lease.job), dead_letter=True)
            tickets.append(await queue.submit(a_job()))
            for ticket in tickets:
                assert await self.outcome(queue, ticket) == a_failure(a_job())
            await until(lambda: queue.stats().dead_letters == 1)
            await self.pass_time(15)
            await queue.submit(a_job())
            assert len(await self.lease(queue)) == 1

    async def test_a_cancelled_job_is_dropped_when_nobody_else_waits(self) -> None:
        async with self.open_queue() as queue:
            await queue.cancel(await queue.submit(a_job(1)))
            await queue.submit(a_job(2))
            (lease,) = await self.lease(queue, 8)
            assert lease.job == a_job(2)

    async def test_a_cancelled_job_stays_for_the_other_asker(self) -> None:
        async with self.open_queue() as queue:
            mine, other = await queue.submit(a_job()), await queue.submit(a_job())
            await queue.cancel(mine)
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, other) == a_face(a_job())

    async def test_a_job_cancelled_while_it_is_drawn_is_finished_for_the_next_asker(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await queue.cancel(ticket)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, await queue.submit(a_job())) == a_face(a_job())

    async def test_waiting_on_a_cancelled_ticket_is_an_error(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            _, waited = await asyncio.gather(queue.cancel(ticket), self.outcome(queue, ticket), return_exceptions=True)
            assert isinstance(waited, LookupError)

    async def test_cancelling_ends_the_waiting(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            waited, _ = await asyncio.gather(self.outcome(queue, ticket), queue.cancel(ticket), return_exceptions=True)
            assert isinstance(waited, LookupError)

    async def test_an_expired_job_is_answered_and_never_delivered(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job(deadline_at=self.now() + 3))
            await self.pass_time(3)
            await self.assert_nothing_to_pull(queue)
            assert await self.outcome(queue, ticket) == a_failure(a_job(), FailureCode.DEADLINE_EXCEEDED)

    async def test_an_asker_waits_no_longer_than_the_deadline(self) -> None:
        async with self.open_queue() as queue:
            waiting = await queue.submit(a_job(1, deadline_at=self.now() + 0.1))
            leased = await queue.submit(a_job(2, deadline_at=self.now() + 0.1))
            assert await self.outcome(queue, waiting) == a_failure(a_job(1), FailureCode.DEADLINE_EXCEEDED)
            assert await self.outcome(queue, leased) == a_failure(a_job(2), FailureCode.DEADLINE_EXCEEDED)

    async def test_a_deadline_that_passed_does_not_stand_in_the_way_of_a_new_try(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job(deadline_at=self.now() + 3))
            await self.pass_time(3)
            assert await self.outcome(queue, ticket) == a_failure(a_job(), FailureCode.DEADLINE_EXCEEDED)
            again = await queue.submit(a_job())
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, again) == a_face(a_job())

    async def test_the_more_patient_asker_of_a_job_still_gets_the_face(self) -> None:
        async with self.open_queue() as queue:
            hasty = await queue.submit(a_job(deadline_at=self.now() + 3))
            patient = await queue.submit(a_job(deadline_at=self.now() + 1000))
            await self.pass_time(3)
            (lease,) = await self.lease(queue)
            assert lease.job.deadline_at > self.now()
            assert await self.outcome(queue, hasty) == a_failure(a_job(), FailureCode.DEADLINE_EXCEEDED)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, patient) == a_face(a_job())

    async def test_a_ticket_outlives_a_timeout(self) -> None:
        async with self.open_queue() as queue:
            ticket = await queue.submit(a_job())
            with pytest.raises(TimeoutError):
                await queue.result(ticket, 0.01)
            (lease,) = await self.lease(queue)
            await lease.done(a_face(lease.job))
            assert await self.outcome(queue, ticket) == a_face(a_job())

    async def test_the_stats_count_jobs_and_their_cost(self) -> None:
        async with self.open_queue() as queue:
            await queue.submit(a_job(1, iterations=3))
            await queue.submit(a_job(2, iterations=2))
            (lease,) = await self.lease(queue)
            await until(lambda: counted(queue) == (1, 1, 5, 0))
            await lease.done(a_face(lease.job))
            await until(lambda: counted(queue) == (1, 0, 2, 1))
            assert queue.stats().seconds_per_cost > 0


def counted(queue: JobQueue) -> tuple[int, int, int, int]:
    """What a queue knows a moment after it is so."""
    stats = queue.stats()
    return stats.waiting, stats.leased, stats.outstanding_cost, stats.cached
