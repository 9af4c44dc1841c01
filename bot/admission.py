"""Between accepted and queued: who is next, and how long it will take.

A work queue is first-in-first-out, so fairness has to be above it: requests wait in fair order here, and only about two
batches are handed on to the queue at a time.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.errors import ERROR_OF_CODE, DeadlineExceeded
from bot.fairness import FairOrder, HandedOn
from bot.models import Origin
from inference.protocol import FaceFailure, FaceJob, FaceResult
from inference.queue.interface import JobQueue, QueueFull


def _scope(origin: Origin) -> str:
    return f"{origin.platform}:{origin.scope_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting request stands: 1 is next. Both numbers are estimates."""

    position: int
    eta_s: float


class Admission:
    """Hands accepted jobs to the queue in fair order and waits for their faces."""

    def __init__(
        self,
        queue: JobQueue,
        window: int,
        clock: Callable[[], float] = time.time,
        *,
        enough_s: float = math.inf,
        workers: Callable[[], int] = lambda: 1,
    ) -> None:
        """At most `window` jobs are in the queue, and of a slow worker as many as take `enough_s`, at least one; all
        this for each of the `workers`."""
        self._queue = queue
        self._clock = clock
        self._waiting = FairOrder()
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._same: defaultdict[str, set[str]] = defaultdict(set)  # requests here, by the keys of their jobs
        self._handed_on = HandedOn(window, lambda: queue.stats().seconds_per_cost, enough_s, workers)

    async def draw(self, request_id: str, origin: Origin, job: FaceJob) -> FaceResult:
        """Wait for the turn, queue the job, wait for the face; one that is cached needs no turn. Cancelling withdraws
        the request.

        Raise a GeneratorUnavailable for a failure and DeadlineExceeded at the job's deadline, whatever hangs.
        """
        try:
            async with asyncio.timeout(max(0.0, job.deadline_at - self._clock())):
                return await self._queue.finished(job.key) or await self._in_turn(request_id, origin, job)
        except TimeoutError:
            raise DeadlineExceeded from None

    def forget(self, key: str) -> None:
        """The face of this key is not answered from the cache any more."""
        self._queue.forget(key)

    def place(self, request_id: str) -> Place | None:
        """Where the request stands, or None when it is not waiting for a face."""
        turn = self._turns.get(request_id)
        if turn is None:
            return None
        stats = self._queue.stats()
        if turn.done():
            return Place(1, stats.outstanding_cost * stats.seconds_per_cost)
        items, cost = self._waiting.ahead(request_id)
        return Place(len(self._handed_on) + items + 1, (stats.outstanding_cost + cost) * stats.seconds_per_cost)

    def newcomers_place(self, origin: Origin, cost: int) -> Place:
        """Where a request of about this cost stands that is accepted and not here yet: its picture is being fetched."""
        stats = self._queue.stats()
        items, ahead = self._waiting.ahead_of_newcomer(_scope(origin), origin.user_id, cost)
        return Place(len(self._handed_on) + items + 1, (stats.outstanding_cost + ahead) * stats.seconds_per_cost)

    def retry_after_s(self) -> float:
        """When asking again makes sense: about the time the present backlog takes, at least a few seconds."""
        return max(5.0, self.backlog_s())

    def backlog_s(self) -> float:
        """How long everything takes that is asked for already: an estimate."""
        stats = self._queue.stats()
        return (stats.outstanding_cost + self._waiting.cost) * stats.seconds_per_cost

    @property
    def backlog(self) -> int:
        """Requests waiting for their turn."""
        return len(self._waiting)

    @property
    def backlog_cost(self) -> int:
        """What they will take, in runs of the smallest network."""
        return self._waiting.cost

    async def _in_turn(self, request_id: str, origin: Origin, job: FaceJob) -> FaceResult:
        self._turns[request_id] = asyncio.get_running_loop().create_future()
        self._waiting.add(request_id, _scope(origin), origin.user_id, job.cost)
        self._same[job.key].add(request_id)
        try:
            self._hand_on()
            await self._turns[request_id]
            result = await self._through_the_queue(job)
            self._let_through(self._same[job.key])
            return result
        finally:
            self._same[job.key].discard(request_id)
            if not self._same[job.key]:
                del self._same[job.key]
            self._leave(request_id)

    async def _through_the_queue(self, job: FaceJob) -> FaceResult:
        ticket = None
        while ticket is None:
            try:
                ticket = await self._queue.submit(job)
            except QueueFull as full:
                await asyncio.sleep(full.retry_after_s)
        try:
            outcome = await self._queue.result(ticket, max(0.0, job.deadline_at - self._clock()))
        except BaseException:
            await self._queue.cancel(ticket)
            raise
        if isinstance(outcome, FaceFailure):
            raise ERROR_OF_CODE[outcome.code]
        return outcome

    def _hand_on(self) -> None:
        while len(self._waiting) and self._handed_on.has_room(of_flood=self._waiting.only_floods):
            request_id, cost = self._waiting.head()
            self._waiting.pop()
            turn = self._turns[request_id]
            if not turn.done():  # else cancelled in this very moment: its task has not run yet to say so
                turn.set_result(None)
                self._handed_on.add(request_id, cost)

    def _let_through(self, request_ids: Iterable[str]) -> None:
        """Their face is there: they need nothing of the worker, so no turn either."""
        for request_id in request_ids:
            self._waiting.remove(request_id)
            if not self._turns[request_id].done():
                self._turns[request_id].set_result(None)

    def _leave(self, request_id: str) -> None:
        del self._turns[request_id]
        self._handed_on.remove(request_id)
        self._waiting.remove(request_id)
        self._hand_on()
