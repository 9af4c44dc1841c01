"""What a job queue promises, whatever carries it; `tests/inference/queue/contract.py` holds every back end to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FaceResult


class QueueFull(Exception):
    """The queue is at its bound; asking again makes sense after `retry_after_s` seconds (an estimate)."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the queue is full, try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Ticket:
    """One asker's claim on the outcome of the job with this key; `id` tells askers of the same job apart."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Jobs waiting and leased, their cost (`FaceJob.cost`), cached results, dead letters, seconds per unit of cost."""

    waiting: int
    leased: int
    outstanding_cost: int
    cached: int
    dead_letters: int
    seconds_per_cost: float


class Lease(Protocol):
    """A worker's hold on one job. Exactly one of `done`, `fail` and `release` ends it; later calls change nothing."""

    @property
    def job(self) -> FaceJob: ...

    @property
    def attempt(self) -> int:
        """1 for the first delivery, one more for each redelivery."""
        ...

    async def extend(self) -> None:
        """Keep the lease for another lease time, or the job is given to another worker."""
        ...

    async def done(self, result: FaceResult) -> None:
        """Answer everybody who waits and cache the result."""
        ...

    async def fail(self, failure: FaceFailure, *, dead_letter: bool = False) -> None:
        """Answer with a failure, remembered for a short time; `dead_letter` keeps the job for inspection."""
        ...

    async def release(self) -> None:
        """Give the job back unharmed, to the head of the queue."""
        ...


class JobQueue(Protocol):
    """At-least-once work queue with results by key. All methods are safe to call from one event loop concurrently."""

    async def submit(self, job: FaceJob) -> Ticket:
        """Queue the job, or join the one in flight or the cached result with its key. Raise QueueFull at the bound."""
        ...

    async def finished(self, key: str) -> FaceResult | None:
        """The cached face of this key: whoever finds one needs no place in the queue."""
        ...

    def forget(self, key: str) -> None:
        """Take a face out of the cache."""
        ...

    async def result(self, ticket: Ticket, timeout_s: float) -> FaceOutcome:
        """Wait for the outcome, at most until the asker's deadline; it is handed out once. Raise TimeoutError after
        `timeout_s` (the ticket stays valid), LookupError for a ticket that was cancelled or is long answered."""
        ...

    async def cancel(self, ticket: Ticket) -> None:
        """Withdraw one asker; a job nobody waits for and nobody has started is dropped."""
        ...

    def stats(self) -> QueueStats:
        """A snapshot for health, metrics and estimates."""
        ...

    async def pull(self, max_n: int, fill_ms: float) -> list[Lease]:
        """Wait for a job, then up to `fill_ms` for more, and lease at most `max_n`. Expired jobs are answered
        `DEADLINE_EXCEEDED` here and never leased."""
        ...
