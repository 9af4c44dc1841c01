"""The bot's half: jobs in, outcomes out, and nothing that was asked for is ever forgotten.

A job is published once, whoever asks for it, and its outcome is heard as it is published. Messages get lost when a
connection breaks or a server dies; so every two seconds, and after every reconnect, this looks at what is still in
flight: what is not has an outcome to read, or has to be published again.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from config.queue import QueueSettings
from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FaceResult, FailureCode
from inference.queue.in_flight import Claim
from inference.queue.interface import QueueFull, Ticket
from inference.queue.nats.connection import LIMIT_REACHED, Connection, Refused, Unreachable
from inference.queue.nats.large import sendable
from inference.queue.nats.names import CLOCK, EXPECTED_STREAM, JOBS, LARGE_OBJECT, TTL, job_subject
from inference.queue.nats.results import Results
from inference.queue.nats.streams import LONGEST_JOB_S
from inference.queue.outcomes import Answers

log = structlog.get_logger(__name__)

TICKETS_PER_JOB = 64  # askers over all jobs, as a multiple of `max_jobs`
OF_THE_SUBJECT = "per subject"  # all that tells "one of this subject is there" from "as many as there may be"
RETRY_S = 0.5
SETTLE_S = 1.0  # a job younger than this is not looked for: its message may be under way
AT_ONCE = 16  # outcomes read side by side
AT_ONCE_BYTES = 8_000  # pixels that are compressed sooner than a thread is woken


@dataclass(eq=False, slots=True)
class _Open:
    """A job that somebody here waits for. `sequence` is its message's, when it was us who published it."""

    job: FaceJob
    claims: dict[str, Claim] = field(default_factory=dict)
    publishing: asyncio.Task[QueueFull | None] | None = None
    published_at: float = math.inf
    sequence: int | None = None
    heard: asyncio.Future[Msg] | None = None
    subscription: Subscription | None = None


class Asking:
    """Tickets of this process; `tasks` carries what goes on for several askers at once."""

    def __init__(
        self,
        connection: Connection,
        results: Results,
        settings: QueueSettings,
        tasks: asyncio.TaskGroup,
        *,
        reused: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._results = results
        self._settings = settings
        self._tasks = tasks
        self._reused = reused
        self._open: dict[str, _Open] = {}
        self._askers = 0  # over all open jobs
        self._numbers = itertools.count()
        self._answers = Answers(settings.cache_mb * 1_000_000, settings.cache_ttl_s)

    @property
    def cost(self) -> int:
        """Of all jobs that somebody here waits for."""
        return sum(entry.job.cost for entry in self._open.values())

    async def submit(self, job: FaceJob, retry_after_s: float) -> Ticket:
        """As `JobQueue.submit`; waits for as long as the server is out of reach."""
        self._refuse_when_crowded(retry_after_s)
        ticket = Ticket(job.key, str(next(self._numbers)))
        entry = self._open.setdefault(job.key, _Open(job))
        if job.deadline_at > entry.job.deadline_at:
            entry.job = job  # the same drawing, wanted for longer
        entry.claims[ticket.id] = Claim(job.deadline_at)
        self._askers += 1
        if entry.publishing is None:
            entry.publishing = self._tasks.create_task(self._first_publish(entry, retry_after_s))
        try:
            if refusal := await asyncio.shield(entry.publishing):
                raise refusal
        except BaseException:
            self._withdraw(entry, ticket)
            await self._leave(entry)
            raise
        return ticket

    async def result(self, ticket: Ticket, timeout_s: float) -> FaceOutcome:
        """As `JobQueue.result`."""
        async with asyncio.timeout(timeout_s):
            while (outcome := self._answers.take(ticket.id)) is None:
                entry = self._open.get(ticket.key)
                if entry is None or (claim := entry.claims.get(ticket.id)) is None:
                    raise LookupError("the ticket was withdrawn or its answer fetched")
                if claim.deadline_at <= time.time():
                    self._withdraw(entry, ticket)
                    await self._leave(entry)
                    return FaceFailure(ticket.key, FailureCode.DEADLINE_EXCEEDED)
                with suppress(TimeoutError):
                    async with asyncio.timeout(claim.deadline_at - time.time()):
                        await claim.settled.wait()
        return outcome

    async def cancel(self, ticket: Ticket) -> None:
        """As `JobQueue.cancel`."""
        self._answers.take(ticket.id)
        entry = self._open.get(ticket.key)
        if entry and self._withdraw(entry, ticket):
            await self._leave(entry)

    def close(self) -> None:
        """Nobody waits for anything any more."""
        for entry in self._open.values():
            if entry.publishing:
                entry.publishing.cancel()
            if entry.heard:
                entry.heard.cancel()

    async def set_up(self) -> None:
        """On a new connection: hear the outcomes there."""
        for entry in self._open.values():
            if entry.publishing and entry.publishing.done():
                await self._listen(entry)

    async def look_after(self, in_flight: Collection[str]) -> None:
        """Read outcomes that were not heard, and publish again what got lost. `in_flight` has the subjects of the jobs
        that were on the server a moment ago."""
        self._answers.drop_expired(time.time())
        since = time.monotonic() - SETTLE_S
        lost = [
            entry
            for entry in self._open.values()
            if entry.published_at <= since and job_subject(entry.job) not in in_flight
        ]
        limit = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for entry in lost:
                group.create_task(self._look_after(entry, limit))

    async def _look_after(self, entry: _Open, limit: asyncio.Semaphore) -> None:
        async with limit:
            with suppress(Unreachable, Refused, QueueFull):
                if outcome := await self._results.get(entry.job.key, of_any_age=True):
                    self._settle(entry, outcome)
                elif entry.claims and entry.job.deadline_at > time.time():
                    log.info("nats_job_published_again", key=entry.job.key)
                    await self._publish(entry, await _packing(entry.job), math.nan)

    async def _first_publish(self, entry: _Open, retry_after_s: float) -> QueueFull | None:
        """Listen, look whether the answer is there, publish: in this order nothing falls between."""
        while True:
            await self._connection.until_up()
            try:
                packing = _packing(entry.job)  # while the answer is looked for
                await self._listen(entry)
                if outcome := await self._results.get(entry.job.key):
                    self._reused()
                    self._settle(entry, outcome)
                else:
                    await self._publish(entry, await packing, retry_after_s)
                return None
            except QueueFull as refusal:
                return refusal
            except Unreachable as error:
                log.warning("nats_job_delayed", key=entry.job.key, reason=str(error))
            await asyncio.sleep(RETRY_S)

    async def _publish(self, entry: _Open, packed: bytes, retry_after_s: float) -> None:
        """Raise QueueFull. A job that is in flight already is joined."""
        job = entry.job
        left_s = min(max(1, math.ceil(job.deadline_at - time.time())), LONGEST_JOB_S)
        headers = {EXPECTED_STREAM: JOBS, TTL: f"{left_s}s", CLOCK: f"{self._connection.clock_ahead_s:.3f}"}
        try:
            content, pieces = await sendable(self._connection, packed)
            if pieces:
                headers[LARGE_OBJECT] = pieces
            entry.sequence = await self._connection.store(job_subject(job), content, headers)
        except Refused as refusal:
            if refusal.err_code != LIMIT_REACHED:
                raise Unreachable(str(refusal)) from refusal
            if OF_THE_SUBJECT not in refusal.description:
                raise QueueFull(retry_after_s) from refusal
        entry.published_at = time.monotonic()

    async def _listen(self, entry: _Open) -> None:
        heard: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        heard.add_done_callback(lambda answered: self._on_heard(entry, answered))
        old, entry.heard = entry.heard, heard
        if old:
            old.cancel()
        entry.subscription = await self._results.listen(entry.job.key, heard)

    def _on_heard(self, entry: _Open, heard: asyncio.Future[Msg]) -> None:
        if heard.cancelled() or entry.heard is not heard:
            return
        entry.heard = entry.subscription = None  # it was for one message
        if face := self._results.face_in(entry.job.key, heard.result()):
            self._settle(entry, face)
        else:
            self._tasks.create_task(self._read(entry, heard.result()))

    async def _read(self, entry: _Open, message: Msg) -> None:
        with suppress(Unreachable):  # then it is read when the connection is back
            if outcome := await self._results.heard(entry.job.key, message):
                self._settle(entry, outcome)

    def _settle(self, entry: _Open, outcome: FaceOutcome) -> None:
        if self._open.get(entry.job.key) is not entry:
            return
        del self._open[entry.job.key]
        self._askers -= len(entry.claims)
        now = time.time()
        for ticket_id, claim in entry.claims.items():
            self._answers.hold(outcome, ticket_id, now)
            claim.settled.set()
        if entry.subscription:
            self._tasks.create_task(self._stop_listening(entry))

    def _withdraw(self, entry: _Open, ticket: Ticket) -> bool:
        """Whether this asker was still waiting."""
        claim = entry.claims.get(ticket.id)
        if claim is None or self._open.get(ticket.key) is not entry:
            return False
        del entry.claims[ticket.id]
        claim.settled.set()
        self._askers -= 1
        return True

    async def _leave(self, entry: _Open) -> None:
        """Take back a job that nobody here waits for; if somebody elsewhere does, it is published again there."""
        if entry.claims or self._open.get(entry.job.key) is not entry:
            return
        del self._open[entry.job.key]
        if entry.publishing:
            entry.publishing.cancel()
        with suppress(Unreachable):
            await self._stop_listening(entry)
            if entry.sequence is not None:
                await self._connection.remove(JOBS, entry.sequence)

    async def _stop_listening(self, entry: _Open) -> None:
        if entry.heard:
            entry.heard.cancel()
        if entry.subscription:
            await self._connection.unsubscribe(entry.subscription)

    def _refuse_when_crowded(self, retry_after_s: float) -> None:
        if self._askers >= TICKETS_PER_JOB * self._settings.max_jobs:
            raise QueueFull(retry_after_s)


def _packing(job: FaceJob) -> asyncio.Future[bytes]:
    """The job's message to be; compressing more than a few pixels would hold everything else up."""
    loop = asyncio.get_running_loop()
    if sum(len(frame.rgba) for picture in job.pictures for frame in picture.frames) > AT_ONCE_BYTES:
        return loop.run_in_executor(None, job.to_bytes)
    packed: asyncio.Future[bytes] = loop.create_future()
    packed.set_result(job.to_bytes())
    return packed


def is_face(outcome: FaceOutcome | None) -> FaceResult | None:
    """The outcome if it is a face."""
    return outcome if isinstance(outcome, FaceResult) else None
