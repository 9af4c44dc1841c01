"""A job on loan from the NATS server to this worker."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from nats.aio.msg import Msg

from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FaceResult, FailureCode
from inference.queue.nats.connection import Unreachable
from inference.queue.pace import Pace, Round

EXTEND = b"+WPI"


class Answering(Protocol):
    """What a lease needs of the worker's half of the queue."""

    lease_s: float
    pace: Pace

    async def tell(self, message: Msg, what: bytes) -> None: ...

    async def hand_back(self, message: Msg) -> None: ...

    async def answer(self, message: Msg, outcome: FaceOutcome) -> None: ...

    async def bury(self, message: Msg, code: FailureCode, attempts: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message with a job; `at` is when it came, by this process's steady clock."""

    message: Msg
    at: float

    @property
    def attempt(self) -> int:
        return int(self.message.metadata.num_delivered)


class NatsLease:
    """A job on loan, by this process's own steady clock."""

    def __init__(self, leasing: Answering, job: FaceJob, arrived: Arrived) -> None:
        self._leasing = leasing
        self._job = job
        self._arrived = arrived
        self._ended = False
        self._until = arrived.at + leasing.lease_s
        self.round: Round | None = None

    @property
    def job(self) -> FaceJob:
        return self._job

    @property
    def attempt(self) -> int:
        return self._arrived.attempt

    @property
    def _held(self) -> bool:
        return not self._ended and time.monotonic() < self._until

    async def extend(self) -> None:
        if self._held:
            with suppress(Unreachable):
                await self._leasing.tell(self._arrived.message, EXTEND)
                self._until = time.monotonic() + self._leasing.lease_s

    async def done(self, result: FaceResult) -> None:
        """A result counts even after the lease was lost, unless another answer came first."""
        self._check(result)
        if not self._ended:
            if self._held and self.round:
                self._leasing.pace.drawn(self.round)
            self._ended = True
            await self._leasing.answer(self._arrived.message, result)

    async def fail(self, failure: FaceFailure, *, dead_letter: bool = False) -> None:
        """A failure counts only while the lease holds: another worker may yet succeed."""
        self._check(failure)
        if self._held:
            self._ended = True
            if dead_letter:
                await self._leasing.bury(self._arrived.message, failure.code, self.attempt)
            await self._leasing.answer(self._arrived.message, failure)

    async def release(self) -> None:
        if self._held:
            self._ended = True
            with suppress(Unreachable):
                await self._leasing.hand_back(self._arrived.message)

    def _check(self, outcome: FaceOutcome) -> None:
        if outcome.key != self._job.key:
            raise ValueError("the outcome belongs to another job")
