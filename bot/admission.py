"""Between accepted and queued: who is next, how much may be outstanding, and how long it will take.

A work queue is first-in-first-out, so fairness has to be above it. Scopes (servers, web visitors, …) take turns by
deficit round-robin (Shreedhar & Varghese, SIGCOMM 1995) over *cost*, and only about two batches are handed on to the
queue at a time: a scope that floods waits behind itself, not in front of the others.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import ERROR_OF_CODE, Busy, DeadlineExceeded, TooManyRequests
from bot.models import Origin
from config.settings import RequestsSettings
from inference.protocol import FaceFailure, FaceJob, FaceResult
from inference.queue.interface import JobQueue, QueueFull

QUANTUM = 4  # cost a scope may spend a turn: four plain faces


class DeficitRoundRobin:
    """Items of scopes in fair order. Pure: no clock, no I/O; every operation is cheap for thousands of items."""

    def __init__(self, quantum: int = QUANTUM) -> None:
        self._quantum = quantum
        self._scopes: OrderedDict[str, deque[str]] = OrderedDict()  # in turn order, the first is being served
        self._deficits: dict[str, int] = {}
        self._items: dict[str, tuple[str, int]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item_id: str, scope_id: str, cost: int) -> None:
        """Queue an item behind the others of its scope; a scope that was idle joins at the end of the round."""
        self._items[item_id] = (scope_id, cost)
        self._scopes.setdefault(scope_id, deque()).append(item_id)
        self._deficits.setdefault(scope_id, self._quantum)

    def pop(self) -> str:
        """The next item; raise KeyError when there is none."""
        if not self._items:
            raise KeyError("nothing is waiting")
        while True:
            for _ in range(len(self._scopes)):
                scope_id, waiting = next(iter(self._scopes.items()))
                item_id = waiting[0]
                if (cost := self._items[item_id][1]) <= self._deficits[scope_id]:
                    self._deficits[scope_id] -= cost
                    self.remove(item_id)
                    return item_id
                self._deficits[scope_id] += self._quantum
                self._scopes.move_to_end(scope_id)
            self._skip_rounds()

    def _skip_rounds(self) -> None:
        """Grant at once the rounds in which nobody could pay: a long animation would take thousands of them."""
        missing = (self._items[waiting[0]][1] - self._deficits[scope] for scope, waiting in self._scopes.items())
        rounds = max(0, -(-min(missing) // self._quantum))
        for scope_id in self._deficits:
            self._deficits[scope_id] += rounds * self._quantum

    def remove(self, item_id: str) -> None:
        """Take an item out; one that is not there changes nothing."""
        if item_id not in self._items:
            return
        scope_id, _ = self._items.pop(item_id)
        self._scopes[scope_id].remove(item_id)
        if not self._scopes[scope_id]:
            del self._scopes[scope_id], self._deficits[scope_id]

    def ahead(self, item_id: str) -> tuple[int, int]:
        """Estimate how many items are served before this one, and the cost of all until it is served itself: in the
        time its own scope needs to get there, every other scope gets as much."""
        scope_id, _ = self._items[item_id]
        own = self._costs(scope_id)
        index = self._scopes[scope_id].index(item_id)
        own_cost = sum(own[: index + 1])
        items, cost = index, own_cost
        for other in self._scopes:
            if other != scope_id:
                served, spent = _served_within(self._costs(other), own_cost)
                items, cost = items + served, cost + spent
        return items, cost

    def _costs(self, scope_id: str) -> list[int]:
        return [self._items[item_id][1] for item_id in self._scopes[scope_id]]


def _served_within(costs: list[int], budget: int) -> tuple[int, int]:
    served = spent = 0
    for cost in costs:
        if spent + cost > budget:
            break
        served, spent = served + 1, spent + cost
    return served, spent


class Outstanding:
    """How many accepted, unfinished requests there are: in all, by scope and by user."""

    def __init__(self, settings: RequestsSettings) -> None:
        self._settings = settings
        self._total = 0
        self._by_scope: Counter[str] = Counter()
        self._by_user: Counter[str] = Counter()

    def check(self, origin: Origin, retry_after_s: float) -> None:
        """Raise Busy or TooManyRequests, each with the wait it suggests, unless one more may be accepted."""
        if self._total >= self._settings.max_outstanding:
            raise Busy(retry_after_s)
        if self._by_scope[_scope(origin)] >= self._settings.max_outstanding_per_scope:
            raise Busy(retry_after_s)
        if self._by_user[_user(origin)] >= self._settings.max_outstanding_per_user:
            raise TooManyRequests(retry_after_s)

    def add(self, origin: Origin) -> None:
        """Count one more."""
        self._total += 1
        self._by_scope[_scope(origin)] += 1
        self._by_user[_user(origin)] += 1

    def remove(self, origin: Origin) -> None:
        """Count one less, keeping no empty counters."""
        self._total -= 1
        for counter, name in ((self._by_scope, _scope(origin)), (self._by_user, _user(origin))):
            counter[name] -= 1
            if counter[name] <= 0:
                del counter[name]


def _scope(origin: Origin) -> str:
    return f"{origin.platform}:{origin.scope_id}"


def _user(origin: Origin) -> str:
    return f"{origin.platform}:{origin.user_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting request stands: 1 is next. Both numbers are estimates."""

    position: int
    eta_s: float


class Admission:
    """Hands accepted jobs to the queue in fair order and waits for their faces."""

    def __init__(self, queue: JobQueue, window: int, clock: Callable[[], float] = time.time) -> None:
        self._queue = queue
        self._window = window
        self._clock = clock
        self._waiting = DeficitRoundRobin()
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._handed_on = 0

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

    def place(self, request_id: str) -> Place | None:
        """Where the request stands, or None when it is not waiting for a face."""
        turn = self._turns.get(request_id)
        if turn is None:
            return None
        stats = self._queue.stats()
        if turn.done():
            return Place(1, stats.outstanding_cost * stats.seconds_per_cost)
        items, cost = self._waiting.ahead(request_id)
        return Place(self._handed_on + items + 1, (stats.outstanding_cost + cost) * stats.seconds_per_cost)

    def newcomers_place(self) -> Place:
        """Where a request stands that is accepted and not here yet (its picture is being fetched)."""
        stats, waiting = self._queue.stats(), self.backlog
        return Place(self._handed_on + waiting + 1, (stats.outstanding_cost + waiting + 1) * stats.seconds_per_cost)

    def retry_after_s(self) -> float:
        """When asking again makes sense: about the time the present backlog takes, at least a few seconds."""
        stats = self._queue.stats()
        return max(5.0, (stats.outstanding_cost + self.backlog) * stats.seconds_per_cost)

    @property
    def backlog(self) -> int:
        """Requests waiting for their turn."""
        return len(self._waiting)

    async def _in_turn(self, request_id: str, origin: Origin, job: FaceJob) -> FaceResult:
        self._turns[request_id] = asyncio.get_running_loop().create_future()
        self._waiting.add(request_id, _scope(origin), job.cost)
        try:
            self._hand_on()
            await self._turns[request_id]
            return await self._through_the_queue(job)
        finally:
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
        while self._handed_on < self._window and len(self._waiting):
            turn = self._turns[self._waiting.pop()]
            if not turn.done():  # else cancelled in this very moment: its task has not run yet to say so
                turn.set_result(None)
                self._handed_on += 1

    def _leave(self, request_id: str) -> None:
        turn = self._turns.pop(request_id)
        if turn.done() and not turn.cancelled():
            self._handed_on -= 1
        else:
            self._waiting.remove(request_id)
        self._hand_on()
