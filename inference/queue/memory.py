"""The embedded queue: everything in this process, nothing survives it (accepted requests live in the store).

Time moves in here only when somebody calls or waits: expired leases, jobs and cache entries are settled at the start
of every call, and whoever waits sleeps no longer than until the next of these moments. So there is no background task.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from config.queue import QueueSettings
from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FaceResult, FailureCode
from inference.queue.in_flight import Claim, DeadLetter, Entry
from inference.queue.interface import Lease, QueueFull, QueueStats, Ticket
from inference.queue.outcomes import Answers
from inference.queue.pace import ENOUGH_S, Pace, Round

TICKETS_PER_JOB = 64  # askers over all jobs, as a multiple of `max_jobs`
DEAD_LETTERS = 32
RETRY_S = (1.0, 600.0)


class _MemoryLease:
    """The current lease of an entry is the one the entry points at; every other one is stale."""

    def __init__(self, queue: MemoryQueue, entry: Entry, work: Round) -> None:
        self._queue = queue
        self._entry = entry
        self._attempt = entry.deliveries
        self.round = work

    @property
    def job(self) -> FaceJob:
        return self._entry.job

    @property
    def attempt(self) -> int:
        return self._attempt

    async def extend(self) -> None:
        self._queue._extend(self, self._entry)

    async def done(self, result: FaceResult) -> None:
        self._queue._done(self, self._entry, result)

    async def fail(self, failure: FaceFailure, *, dead_letter: bool = False) -> None:
        self._queue._fail(self, self._entry, failure, dead_letter)

    async def release(self) -> None:
        self._queue._release(self, self._entry)


class MemoryQueue:
    """A JobQueue in memory. `clock` gives Unix seconds; leases, deadlines and cache times are all measured with it."""

    def __init__(
        self,
        settings: QueueSettings,
        clock: Callable[[], float] = time.time,
        *,
        reused: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._reused = reused  # called for every job answered from the cache
        self._in_flight: dict[str, Entry] = {}
        self._waiting: OrderedDict[str, Entry] = OrderedDict()
        self._answers = Answers(settings.cache_mb * 1_000_000, settings.cache_ttl_s)
        self._dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS)
        self._askers = 0  # over all jobs in flight
        self._outstanding_cost = 0
        self._first_limit = math.inf  # no lease or job in flight ends before it, so most looks for such cost nothing
        self._pace = Pace(clock)
        self._moved = asyncio.Event()

    @property
    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The latest jobs that were given up, oldest first."""
        return tuple(self._dead_letters)

    async def finished(self, key: str) -> FaceResult | None:
        """The cached face of this key, at once."""
        outcome = self._answers.cached(key, self._settle())
        if not isinstance(outcome, FaceResult):
            return None
        self._reused()
        return outcome

    def forget(self, key: str) -> None:
        """Take a face out of the cache."""
        self._answers.forget(key)

    async def submit(self, job: FaceJob) -> Ticket:
        """Queue the job, or join the one in flight or the cached result with its key. Raise QueueFull at the bound."""
        now = self._settle()
        ticket = Ticket(job.key, uuid.uuid4().hex)
        if (cached := self._answers.cached(job.key, now)) is not None:
            self._answers.hold(cached, ticket.id, now)
            self._reused()
            return ticket
        entry = self._in_flight.get(job.key)
        self._refuse_when_full(joins=entry is not None)
        if entry is None:
            entry = self._in_flight[job.key] = self._waiting[job.key] = Entry(job)
            self._outstanding_cost += job.cost
            self._moved.set()
        elif job.deadline_at > entry.job.deadline_at:
            entry.job = job  # the same drawing, wanted for longer
        entry.claims[ticket.id] = Claim(job.deadline_at)
        self._askers += 1
        self._look_again_at(job.deadline_at)
        return ticket

    async def result(self, ticket: Ticket, timeout_s: float) -> FaceOutcome:
        """Wait for the outcome, at most until the asker's deadline; raise TimeoutError after `timeout_s` (the ticket
        stays valid) and LookupError for a ticket that was withdrawn or fetched and is not in the cache."""
        async with asyncio.timeout(timeout_s):
            while (outcome := self._fetch(ticket)) is None:
                claim = self._in_flight[ticket.key].claims[ticket.id]
                with suppress(TimeoutError):
                    async with asyncio.timeout(claim.deadline_at - self._clock()):
                        await claim.settled.wait()
        return outcome

    async def cancel(self, ticket: Ticket) -> None:
        """Withdraw one asker; a job nobody waits for and nobody has started is dropped."""
        self._settle()
        self._answers.take(ticket.id)
        self._withdraw(ticket)

    def stats(self) -> QueueStats:
        """A snapshot for health, metrics and estimates."""
        self._settle()
        return QueueStats(
            waiting=len(self._waiting),
            leased=len(self._in_flight) - len(self._waiting),
            outstanding_cost=self._outstanding_cost,
            cached=len(self._answers),
            dead_letters=len(self._dead_letters),
            seconds_per_cost=self._pace.seconds_per_cost,
        )

    async def pull(self, max_n: int, fill_ms: float) -> list[Lease]:
        """Wait for a job, then up to `fill_ms` for more unless those there take long, and lease at most `max_n`.
        Nothing is leased before this returns, so a cancelled pull loses nothing."""
        while True:
            await self._until_waiting(1)
            if self._pace.takes_s(sum(entry.job.cost for entry in islice(self._waiting.values(), max_n))) < ENOUGH_S:
                with suppress(TimeoutError):
                    async with asyncio.timeout(fill_ms / 1000):
                        await self._until_waiting(max_n)
            if leases := self._lease(max_n):  # another worker may have been faster
                return leases

    async def _until_waiting(self, count: int) -> None:
        while True:
            now = self._settle()
            if len(self._waiting) >= count:
                return
            self._moved.clear()
            ends = [entry.leased_until for entry in self._in_flight.values() if entry.lease]
            with suppress(TimeoutError):
                async with asyncio.timeout(min(ends) - now if ends else None):
                    await self._moved.wait()

    def _lease(self, max_n: int) -> list[Lease]:
        now = self._settle()
        entries = [self._waiting.popitem(last=False)[1] for _ in range(min(max_n, len(self._waiting)))]
        work = self._pace.begin([entry.job.cost for entry in entries])
        leases: list[Lease] = []
        for entry in entries:
            entry.deliveries += 1
            entry.lease = _MemoryLease(self, entry, work)
            entry.leased_until = now + self._settings.lease_s
            leases.append(entry.lease)
        self._look_again_at(now + self._settings.lease_s)
        return leases

    def _extend(self, lease: _MemoryLease, entry: Entry) -> None:
        now = self._settle()
        if entry.lease is lease:
            entry.leased_until = now + self._settings.lease_s

    def _done(self, lease: _MemoryLease, entry: Entry, result: FaceResult) -> None:
        """A result counts even after the lease was lost, unless another answer came first."""
        _check_key(entry.job, result)
        self._settle()
        if self._in_flight.get(entry.job.key) is entry:
            if entry.lease is lease:
                self._pace.drawn(lease.round)
            self._answer(entry, result)

    def _fail(self, lease: _MemoryLease, entry: Entry, failure: FaceFailure, dead_letter: bool) -> None:
        """A failure counts only while the lease holds: another worker may yet succeed."""
        _check_key(entry.job, failure)
        self._settle()
        if entry.lease is lease:
            if dead_letter:
                self._bury(entry, failure.code)
            self._answer(entry, failure)

    def _release(self, lease: _MemoryLease, entry: Entry) -> None:
        self._settle()
        if entry.lease is lease:
            self._give_back(entry)

    def _settle(self) -> float:
        """Act on every time limit that has passed, and return the time. At most `max_jobs` entries are looked at."""
        now = self._clock()
        if now >= self._first_limit:
            self._end_overdue(now)
        self._answers.drop_expired(now)
        return now

    def _end_overdue(self, now: float) -> None:
        for entry in list(self._in_flight.values()):
            if entry.lease and entry.leased_until <= now:
                self._lose(entry)
        for entry in list(self._waiting.values()):
            if entry.deadline_at <= now:
                self._answer(entry, FaceFailure(entry.job.key, FailureCode.DEADLINE_EXCEEDED))
        limits = (entry.leased_until if entry.lease else entry.deadline_at for entry in self._in_flight.values())
        self._first_limit = min(limits, default=math.inf)

    def _look_again_at(self, limit: float) -> None:
        self._first_limit = min(self._first_limit, limit)

    def _lose(self, entry: Entry) -> None:
        """The worker is silent: deliver again, or give the job up as one that kills workers."""
        if entry.deliveries < self._settings.max_attempts:
            self._give_back(entry)
            return
        self._bury(entry, FailureCode.GENERATOR_CRASHED)
        self._answer(entry, FaceFailure(entry.job.key, FailureCode.GENERATOR_CRASHED))

    def _give_back(self, entry: Entry) -> None:
        entry.lease = None
        if not entry.claims:
            self._remove(entry)
            return
        self._look_again_at(entry.deadline_at)
        self._waiting[entry.job.key] = entry
        self._waiting.move_to_end(entry.job.key, last=False)
        self._moved.set()

    def _bury(self, entry: Entry, code: FailureCode) -> None:
        self._dead_letters.append(DeadLetter(entry.job, code, entry.deliveries, self._clock()))

    def _answer(self, entry: Entry, outcome: FaceOutcome) -> None:
        entry.lease = None
        self._remove(entry)
        self._answers.keep(outcome, entry.claims, self._clock())
        for claim in entry.claims.values():
            claim.settled.set()

    def _fetch(self, ticket: Ticket) -> FaceOutcome | None:
        """The outcome for this asker, None while there is none."""
        now = self._settle()
        if (outcome := self._answers.take(ticket.id)) is not None:
            return outcome
        entry = self._in_flight.get(ticket.key)
        if entry is None or ticket.id not in entry.claims:
            if (cached := self._answers.cached(ticket.key, now)) is None:
                raise LookupError("the ticket was withdrawn or its answer fetched")
            return cached
        if entry.claims[ticket.id].deadline_at <= now:  # others wait longer, or the job is being drawn
            self._withdraw(ticket)
            return FaceFailure(ticket.key, FailureCode.DEADLINE_EXCEEDED)
        return None

    def _withdraw(self, ticket: Ticket) -> None:
        entry = self._in_flight.get(ticket.key)
        claim = entry.claims.pop(ticket.id, None) if entry else None
        if entry is None or claim is None:
            return
        claim.settled.set()
        self._askers -= 1
        self._look_again_at(entry.deadline_at)
        if not entry.claims and entry.lease is None:
            self._remove(entry)

    def _remove(self, entry: Entry) -> None:
        del self._in_flight[entry.job.key]
        self._waiting.pop(entry.job.key, None)
        self._askers -= len(entry.claims)
        self._outstanding_cost -= entry.job.cost

    def _refuse_when_full(self, *, joins: bool) -> None:
        full = self._askers >= TICKETS_PER_JOB * self._settings.max_jobs
        if full or (not joins and len(self._in_flight) >= self._settings.max_jobs):
            half_done_s = self._outstanding_cost * self._pace.seconds_per_cost / 2
            low, high = RETRY_S
            raise QueueFull(min(max(half_done_s, low), high))


def _check_key(job: FaceJob, outcome: FaceOutcome) -> None:
    if outcome.key != job.key:
        raise ValueError("the outcome belongs to another job")
