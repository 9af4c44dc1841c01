"""Admission between its callers and the real embedded queue; the pure half is tested in `test_admission_order`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.admission import Admission
from bot.errors import ERROR_OF_CODE, DeadlineExceeded
from bot.models import Origin, Platform
from bot.turns import QUANTUM
from config.queue import QueueSettings
from inference.protocol import FaceJob, FaceOptions, FaceOutcome, FaceResult, FailureCode, Frame, Picture
from inference.queue.interface import QueueFull, QueueStats, Ticket
from inference.queue.memory import MemoryQueue
from tests.fakes.serving import QUEUE
from tests.fakes.worker import FakeWorker, drawing_of
from tests.polling import until

WINDOW = 2


def job(number: int, *, deadline_in_s: float = 60, iterations: int = 1) -> FaceJob:
    """A drawing of its own for each number."""
    frame = Frame(number.to_bytes(3, "big") + b"\xff")
    options = FaceOptions(iterations=iterations)
    return FaceJob("classic-1", (Picture(1, 1, (frame,)),), options, time.time() + deadline_in_s)


def origin(scope: str = "guild") -> Origin:
    return Origin(Platform.DISCORD, scope, "channel", "user")


class Asked:
    """Several `draw`s at once, by number."""

    def __init__(self, admission: Admission, tasks: asyncio.TaskGroup) -> None:
        self._admission = admission
        self._tasks = tasks

    def draw(self, number: int, scope: str = "guild", **job_values: Any) -> asyncio.Task[FaceResult | BaseException]:
        return self._tasks.create_task(
            _outcome(self._admission.draw(str(number), origin(scope), job(number, **job_values)))
        )


async def _outcome(drawing: Coroutine[Any, Any, FaceResult]) -> FaceResult | BaseException:
    try:
        return await drawing
    except Exception as error:  # noqa: BLE001 - the tests look at it
        return error


@asynccontextmanager
async def admitted(queue: MemoryQueue | None = None) -> AsyncIterator[tuple[Admission, FakeWorker, Asked]]:
    queue = queue or MemoryQueue(QUEUE)
    worker = FakeWorker(queue)
    admission = Admission(queue, WINDOW)
    async with asyncio.timeout(60), worker.running(), asyncio.TaskGroup() as tasks:
        yield admission, worker, Asked(admission, tasks)


async def idle(admission: Admission, asked: Asked) -> None:
    """Every slot is free again: as many as the window are handed on at once."""
    assert admission.backlog == 0
    results = await asyncio.gather(*(asked.draw(number) for number in range(900, 900 + 3 * WINDOW)))
    assert all(isinstance(result, FaceResult) for result in results)
    assert admission.place("900") is None


# -- the window -----------------------------------------------------------------------------------------------------


async def test_everybody_gets_the_face_of_their_own_job() -> None:
    async with admitted() as (_, _, asked):
        results = await asyncio.gather(*(asked.draw(number) for number in range(10)))
    assert [result.key for result in results if isinstance(result, FaceResult)] == [job(n).key for n in range(10)]


async def test_no_more_than_the_window_is_in_the_queue() -> None:
    queue = MemoryQueue(QUEUE)
    async with admitted(queue) as (admission, worker, asked):
        worker.rest()
        tasks = [asked.draw(number) for number in range(6)]
        await until(lambda: len(worker.pulled) == 1 and queue.stats().waiting == WINDOW - 1)
        assert admission.backlog == 6 - WINDOW
        worker.resume()
        await asyncio.gather(*tasks)
        assert admission.backlog == 0
        assert len(worker.pulled) == 6


async def test_the_queue_gets_the_jobs_in_fair_order() -> None:
    async with admitted() as (admission, worker, asked):
        worker.rest()
        flood = [asked.draw(number, "loud") for number in range(2 * QUANTUM)]
        await until(lambda: admission.backlog == 2 * QUANTUM - WINDOW)
        quiet = asked.draw(99, "quiet")
        await until(lambda: admission.backlog == 2 * QUANTUM + 1 - WINDOW)
        worker.resume()
        await asyncio.gather(*flood, quiet)
        keys = [drawn.key for drawn in worker.pulled]
        assert keys.index(job(99).key) <= WINDOW + QUANTUM
        assert [key for key in keys if key != job(99).key] == [job(number).key for number in range(2 * QUANTUM)]


async def test_a_cached_face_waits_for_nobody() -> None:
    async with admitted() as (admission, worker, asked):
        known = await asked.draw(1)
        worker.rest()
        flood = [asked.draw(number) for number in range(10, 20)]
        await until(lambda: admission.backlog == 10 - WINDOW)
        assert await asked.draw(1, "quiet") == known
        assert len(worker.pulled) <= 2, "nothing was drawn for it"
        worker.resume()
        await asyncio.gather(*flood)


@pytest.mark.parametrize("code", FailureCode)
async def test_a_failure_becomes_its_error_and_frees_its_slot(code: FailureCode) -> None:
    async with admitted() as (admission, worker, asked):
        worker.fails_with = code
        failures = await asyncio.gather(*(asked.draw(number) for number in range(2 * WINDOW)))
        assert {type(failure) for failure in failures} == {ERROR_OF_CODE[code]}
        worker.fails_with = None
        await idle(admission, asked)


# -- deadlines ------------------------------------------------------------------------------------------------------


async def test_a_deadline_passes_for_one_who_waits_for_a_turn_and_one_in_the_queue() -> None:
    async with admitted() as (admission, worker, asked):
        worker.rest()
        in_queue = [asked.draw(number, deadline_in_s=0.3) for number in range(WINDOW)]
        waiting = asked.draw(7, deadline_in_s=0.3)
        outcomes = await asyncio.gather(*in_queue, waiting)
        assert {type(outcome) for outcome in outcomes} == {DeadlineExceeded}
        worker.resume()
        await idle(admission, asked)


async def test_a_deadline_that_has_passed_is_told_without_drawing() -> None:
    async with admitted() as (admission, worker, asked):
        assert isinstance(await asked.draw(1, deadline_in_s=-5), DeadlineExceeded)
        assert not worker.pulled
        await idle(admission, asked)


# -- cancelling -----------------------------------------------------------------------------------------------------


async def test_cancelling_one_who_waits_for_a_turn_leaks_no_slot() -> None:
    async with admitted() as (admission, worker, asked):
        worker.rest()
        tasks = [asked.draw(number) for number in range(WINDOW + 2)]
        await until(lambda: admission.backlog == 2)
        tasks[WINDOW].cancel()
        await until(lambda: admission.backlog == 1)
        worker.resume()
        await asyncio.wait(tasks)
        assert job(WINDOW).key not in {drawn.key for drawn in worker.pulled}
        await idle(admission, asked)


async def test_cancelling_one_in_the_queue_withdraws_the_job_and_lets_the_next_one_in() -> None:
    queue = MemoryQueue(QUEUE)
    async with admitted(queue) as (admission, worker, asked):
        worker.rest()
        tasks = [asked.draw(number) for number in range(WINDOW + 1)]
        await until(lambda: len(worker.pulled) == 1 and queue.stats().waiting == WINDOW - 1)
        tasks[1].cancel()
        await until(lambda: admission.backlog == 0)
        worker.resume()
        await asyncio.wait(tasks)
        assert [drawn.key for drawn in worker.pulled] == [job(0).key, job(2).key]
        await idle(admission, asked)


async def test_cancelling_one_whose_turn_was_just_granted_leaks_no_slot() -> None:
    async with admitted() as (admission, _, asked):
        task = asked.draw(1)
        await asyncio.sleep(0)  # the task has its turn now, but has not come to wait for it
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await idle(admission, asked)


async def test_a_slot_that_becomes_free_passes_over_one_cancelled_in_the_same_moment() -> None:
    async with admitted() as (admission, worker, asked):
        worker.rest()
        tasks = [asked.draw(number) for number in range(WINDOW + 2)]
        await until(lambda: admission.backlog == 2)
        tasks[0].cancel()  # frees its slot before the next one can say that it is gone
        tasks[WINDOW].cancel()
        await until(lambda: admission.backlog == 0)
        worker.resume()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        gone = [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes]
        assert gone == [True, False, True, False]
        assert all(isinstance(outcome, FaceResult) for outcome in (outcomes[1], outcomes[3]))
        await idle(admission, asked)


async def test_cancelling_everybody_at_once_leaves_nothing_behind() -> None:
    queue = MemoryQueue(QUEUE)
    async with admitted(queue) as (admission, worker, asked):
        worker.rest()
        tasks = [asked.draw(number) for number in range(20)]
        await until(lambda: admission.backlog == 20 - WINDOW)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert queue.stats().waiting == 0
        worker.resume()
        await idle(admission, asked)


# -- a full queue ---------------------------------------------------------------------------------------------------


class FullQueue(MemoryQueue):
    """Refuses the first submissions."""

    def __init__(self, settings: QueueSettings, refusals: int) -> None:
        super().__init__(settings)
        self.refusals = refusals

    async def submit(self, job: FaceJob) -> Ticket:
        if self.refusals:
            self.refusals -= 1
            raise QueueFull(0.001)
        return await super().submit(job)


def full_queue(refusals: int) -> FullQueue:
    return FullQueue(QUEUE, refusals)


async def test_a_full_queue_is_asked_again() -> None:
    queue = full_queue(refusals=5)
    async with admitted(queue) as (_, _, asked):
        assert isinstance(await asked.draw(1), FaceResult)
    assert queue.refusals == 0


async def test_a_queue_that_stays_full_ends_at_the_deadline() -> None:
    async with admitted(full_queue(refusals=10**9)) as (_, _, asked):
        assert isinstance(await asked.draw(1, deadline_in_s=0.2), DeadlineExceeded)


# -- estimates ------------------------------------------------------------------------------------------------------


class SteadyQueue:
    """A JobQueue that never answers and reports a backlog."""

    def __init__(self, outstanding_cost: int, seconds_per_cost: float) -> None:
        self._stats = QueueStats(0, 0, outstanding_cost, 0, 0, seconds_per_cost)
        self.withdrawn: list[Ticket] = []

    async def submit(self, job: FaceJob) -> Ticket:
        return Ticket(job.key, "ticket")

    def forget(self, key: str) -> None:
        """Nothing is cached."""

    async def finished(self, key: str) -> FaceResult | None:
        return None

    async def result(self, ticket: Ticket, timeout_s: float) -> FaceOutcome:
        async with asyncio.timeout(timeout_s):
            await asyncio.Event().wait()
        raise AssertionError("nothing sets that event")

    async def cancel(self, ticket: Ticket) -> None:
        self.withdrawn.append(ticket)

    def stats(self) -> QueueStats:
        return self._stats

    async def pull(self, max_n: int, fill_ms: float) -> list[Any]:
        raise NotImplementedError


async def test_places_and_waiting_times_are_estimated_from_what_is_ahead() -> None:
    queue = SteadyQueue(outstanding_cost=6, seconds_per_cost=0.5)
    admission = Admission(queue, WINDOW)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        asked = Asked(admission, tasks)
        drawing = [asked.draw(number, iterations=3) for number in range(WINDOW + 2)]
        await until(lambda: admission.backlog == 2)
        places = [admission.place(str(number)) for number in range(WINDOW + 2)]
        for task in drawing:
            task.cancel()
    assert [(place.position, place.eta_s) for place in places if place] == [(1, 3.0), (1, 3.0), (3, 4.5), (4, 6.0)]
    assert admission.place("0") is None
    assert len(queue.withdrawn) == WINDOW


async def test_a_newcomer_stands_behind_its_own_scope_and_its_cost_counts() -> None:
    queue = SteadyQueue(outstanding_cost=6, seconds_per_cost=0.5)
    admission = Admission(queue, WINDOW)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        asked = Asked(admission, tasks)
        drawing = [asked.draw(number) for number in range(WINDOW + 2)]
        await until(lambda: admission.backlog == 2)
        place, dear = (admission.newcomers_place(origin(), cost) for cost in (1, 5))
        elsewhere = admission.newcomers_place(origin("quiet"), 1)
        for task in drawing:
            task.cancel()
    assert (place.position, place.eta_s) == (WINDOW + 3, 4.5)
    assert (dear.position, dear.eta_s) == (WINDOW + 3, 6.5)
    assert (elsewhere.position, elsewhere.eta_s) == (WINDOW + 2, 4.0)


async def test_who_is_not_waiting_has_no_place() -> None:
    assert Admission(SteadyQueue(0, 1), WINDOW).place("unknown") is None


async def test_asking_again_makes_sense_after_what_waits_by_its_cost() -> None:
    admission = Admission(SteadyQueue(outstanding_cost=6, seconds_per_cost=1), WINDOW)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        asked = Asked(admission, tasks)
        drawing = [asked.draw(number, iterations=7) for number in range(WINDOW + 1)]
        await until(lambda: admission.backlog == 1)
        assert admission.retry_after_s() == 6 + 7
        for task in drawing:
            task.cancel()


@pytest.mark.parametrize(("outstanding_cost", "wait_s"), [(0, 5.0), (9, 5.0), (40, 20.0)])
async def test_asking_again_makes_sense_after_the_present_backlog(outstanding_cost: int, wait_s: float) -> None:
    admission = Admission(SteadyQueue(outstanding_cost, 0.5), WINDOW)
    assert admission.retry_after_s() == wait_s


async def test_the_time_left_is_measured_with_the_clock_given() -> None:
    moment = job(1).deadline_at + 1
    admission = Admission(SteadyQueue(0, 1), WINDOW, clock=lambda: moment)
    async with asyncio.timeout(30):
        with pytest.raises(DeadlineExceeded):
            await admission.draw("1", origin(), job(1))


async def test_who_waits_for_a_face_that_is_there_now_needs_no_turn() -> None:
    queue = MemoryQueue(QUEUE)
    admission = Admission(queue, 1)
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        asked = Asked(admission, tasks)
        first = asked.draw(1)
        await until(lambda: queue.stats().waiting == 1)
        asked.draw(2)
        await until(lambda: admission.backlog == 1)
        same = tasks.create_task(_outcome(admission.draw("the same", origin("another guild"), job(1))))
        await until(lambda: admission.backlog == 2)
        (lease,) = await queue.pull(1, 0)
        await lease.done(drawing_of(lease.job))
        assert await first == await same == drawing_of(lease.job)
        (lease,) = await queue.pull(1, 0)  # meanwhile nothing but the other face is drawn
        await lease.done(drawing_of(lease.job))
