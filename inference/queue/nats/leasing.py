"""The worker's half: asking for jobs, holding leases, answering.

A worker asks the server for one job of each of its models and waits; what comes first decides of which model the rest
of the batch is, since a batch is one network's. Whatever arrives when nobody pulls any more waits a moment for the next
pull and then goes back.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from nats.aio.msg import Msg

from config.queue import QueueSettings
from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FailureCode
from inference.queue.interface import Lease
from inference.queue.nats.connection import Connection, Refused, Unreachable
from inference.queue.nats.dead import bury
from inference.queue.nats.large import received
from inference.queue.nats.lease import Arrived, NatsLease
from inference.queue.nats.names import (
    CLOCK,
    JOBS,
    LARGE_OBJECT,
    STATUS,
    consumer_of,
    cost_in,
    key_in,
    model_token,
    number_in,
    token_in,
)
from inference.queue.nats.results import Results
from inference.queue.nats.streams import GROUP, add_consumer
from inference.queue.pace import ENOUGH_S, Pace
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

ASK_S = 2.0  # how long a request for jobs stays with the server
KEPT_S = 5.0  # how long a job that came too late waits for the next pull
LATE_S = 1.0  # how long after its end the server's word about a request may come
STILL_S = 10.0  # a worker that neither pulls nor says anything about its jobs for so long is not at work
OWN_LEASE = 0.9  # of the lease, which the server began to count before we did
RETRY_S = 0.2
SKEW_S = 1.0  # clocks that differ by less are left alone
AT_ONCE_BYTES, AT_ONCE_COST = 20_000, 10  # a job of so few bytes and frames is read sooner than a thread is woken
ACK, NAK = b"+ACK", b"-NAK"


@dataclass(slots=True)
class _Request:
    """A request for jobs that is with the server."""

    token: str
    missing: int
    until: float


class Leasing:
    """Pulls jobs of these models for as long as there is a connection."""

    def __init__(
        self,
        connection: Connection,
        results: Results,
        settings: QueueSettings,
        *,
        enough_waiting: Callable[[str, float], int],
    ) -> None:
        """`enough_waiting(model_id, seconds_per_cost)` says with how many jobs waiting so slow a worker is of use."""
        self._connection = connection
        self._results = results
        self._settings = settings
        self._enough_waiting = enough_waiting
        self._numbers = itertools.count()
        self._requests: dict[str, _Request] = {}
        self._arrived: deque[Arrived] = deque()
        self._moved = asyncio.Event()
        self._inbox = ""
        self._pulling = 0
        self._last_sign_at = time.monotonic()
        self._wanted: Sequence[str] = ()
        self._model_ids: Sequence[str] = ()
        self.paused = False
        self.lease_s = settings.lease_s * OWN_LEASE
        self.pace = Pace(time.monotonic)

    def serve(self, model_ids: Sequence[str], seconds_per_cost: float) -> None:
        """What to pull from now on; `add_consumers` has to follow."""
        self._wanted = model_ids
        self._last_sign_at = time.monotonic()
        self.pace.seconds_per_cost = seconds_per_cost

    async def set_up(self) -> None:
        """On a new connection: what came over the old one is leased no more, or will be delivered again."""
        self._requests.clear()
        self._arrived.clear()
        self._model_ids = ()
        self._inbox = self._connection.new_inbox()
        await self._connection.subscribe(f"{self._inbox}.*", self._on_message)
        await self.add_consumers()

    async def add_consumers(self) -> None:
        """Of all models, where they are not there yet."""
        if self._model_ids != self._wanted:
            wanted = self._wanted
            for model_id in wanted:
                await add_consumer(self._connection, self._settings, model_id)
            self._model_ids = wanted
            self._moved.set()

    async def pull(self, max_n: int, fill_ms: float) -> list[Lease]:
        """As `JobQueue.pull`."""
        self._pulling += 1
        try:
            while True:
                await self._connection.until_up()
                try:
                    await self._one_arrived()
                    leases = await self._batch(max_n, fill_ms / 1000)
                except Unreachable:  # a client that is being closed counts as up until it is: let it get there
                    await asyncio.sleep(RETRY_S)
                    continue
                if leases:
                    self._begin(leases)
                    return [*leases]
        finally:
            self._pulling -= 1
            self._last_sign_at = time.monotonic()

    @property
    def is_at_work(self) -> bool:
        """Whether jobs are pulled or drawn. A worker that cannot, because its child does not start any more, must not
        keep slower ones from doing so."""
        return bool(self._pulling) or time.monotonic() < self._last_sign_at + max(STILL_S, self.lease_s)

    async def give_back(self, *, everything: bool = False) -> None:
        """Return jobs that nobody pulls any more."""
        late = time.monotonic() - KEPT_S
        while self._arrived and (everything or (not self._pulling and self._arrived[0].at < late)):
            await self.tell(self._arrived.popleft().message, NAK)

    async def tell(self, message: Msg, what: bytes) -> None:
        """Say something about a job without waiting for the server. Raise Unreachable."""
        self._last_sign_at = time.monotonic()
        await self._connection.publish(message.reply, what)

    async def hand_back(self, message: Msg) -> None:
        """Return a job, and wait until the server has it. Raise Unreachable."""
        await self._connection.request(message.reply, NAK)

    async def answer(self, message: Msg, outcome: FaceOutcome) -> None:
        """Write the outcome, then end the job; try again through a short outage, and leave the rest to another worker
        through a long one."""
        try:
            async with asyncio.timeout(self._settings.lease_s):
                while True:
                    try:
                        await self._results.put(outcome)
                        await self._connection.request(message.reply, ACK)  # answered once it counts
                        return
                    except (Unreachable, Refused) as error:
                        log.warning("nats_answer_delayed", key=outcome.key, reason=str(error))
                    await asyncio.sleep(RETRY_S)
        except TimeoutError:
            log.error("nats_answer_left_to_others", key=outcome.key)

    async def bury(self, message: Msg, code: FailureCode, attempts: int) -> None:
        """Keep the job for inspection, if that is possible now."""
        with suppress(Unreachable, Refused):
            pieces = (message.headers or {}).get(LARGE_OBJECT)
            await bury(self._connection, key_in(message.subject), message.data, code, attempts, pieces=pieces)

    async def _on_message(self, message: Msg) -> None:
        """A job keeps its own subject, so it counts for the oldest request of its model."""
        if (message.headers or {}).get(STATUS):  # that request ends: nothing came, or the server has gone
            self._requests.pop(message.subject.rpartition(".")[2], None)
        elif message.reply:
            token = token_in(message.subject)
            number = next((number for number, request in self._requests.items() if request.token == token), None)
            if number is not None:
                self._requests[number].missing -= 1
                if not self._requests[number].missing:
                    del self._requests[number]
            self._arrived.append(Arrived(message, time.monotonic()))
        self._moved.set()

    async def _one_arrived(self) -> None:
        """Keep a request for one job of each model with the server until there is a job."""
        while not self._arrived:
            self._moved.clear()
            self._drop_lost_requests()
            asked = {request.token for request in self._requests.values()}
            if not self.paused:
                for model_id in self._model_ids:
                    if model_token(model_id) not in asked:
                        await self._ask(model_id, 1, ASK_S)
            if not self._arrived:
                await self._until_moved(ASK_S)
            if not self._connection.up:
                raise Unreachable("the connection was lost")

    async def _batch(self, max_n: int, fill_s: float) -> list[NatsLease]:
        """Lease what is there, and fill up with the model of the first. A cancelled pull leaves all for the next."""
        taken: list[Arrived] = []
        leases: list[NatsLease] = []
        try:
            await self._take(max_n, taken, leases)
            cost = sum(lease.job.cost for lease in leases)
            if leases and len(leases) < max_n and self.pace.takes_s(cost) < ENOUGH_S:
                model_id = leases[0].job.model_id
                await self._fill(model_id, max_n - len(leases), fill_s)
                await self._take(max_n - len(leases), taken, leases)
        except (asyncio.CancelledError, Unreachable):
            self._arrived.extendleft(reversed(taken))
            raise
        return leases

    async def _take(self, most: int, taken: list[Arrived], leases: list[NatsLease]) -> None:
        while self._arrived and most > 0:
            taken.append(self._arrived.popleft())
            if lease := await self._leased(taken[-1]):
                leases.append(lease)
                most -= 1

    async def _fill(self, model_id: str, missing: int, fill_s: float) -> None:
        number = await self._ask(model_id, missing, fill_s)
        until = time.monotonic() + fill_s
        while number in self._requests and (left := until - time.monotonic()) > 0:
            self._moved.clear()
            await self._until_moved(left)

    async def _leased(self, arrived: Arrived) -> NatsLease | None:
        """None for what needs no drawing: it is answered, nobody can wait for it any more, or it is no job."""
        message, key = arrived.message, key_in(arrived.message.subject)
        headers = message.headers or {}
        if arrived.attempt > 1 and await self._results.get(key, of_any_age=True):
            await self.tell(message, ACK)
            return None
        try:
            content = await received(self._connection, message.data, headers.get(LARGE_OBJECT))
            if len(content) <= AT_ONCE_BYTES and cost_in(message.subject) <= AT_ONCE_COST:
                job = FaceJob.from_bytes(content)
            else:
                job = await asyncio.to_thread(FaceJob.from_bytes, content)
        except ProtocolError as error:
            log.error("nats_job_unreadable", key=key, reason=str(error))
            await self.bury(message, FailureCode.GENERATOR_FAILED, arrived.attempt)
            await self.answer(message, FaceFailure(key, FailureCode.GENERATOR_FAILED))
            return None
        ahead_s = self._connection.clock_ahead_s - number_in(headers, CLOCK)
        if abs(ahead_s) > SKEW_S:
            job = replace(job, deadline_at=job.deadline_at + ahead_s)
        if job.deadline_at <= time.time():
            await self.tell(message, ACK)  # who asked knows when the time is up
            return None
        return NatsLease(self, job, arrived)

    def _begin(self, leases: Iterable[NatsLease]) -> None:
        work = self.pace.begin([lease.job.cost for lease in leases])
        for lease in leases:
            lease.round = work

    async def _ask(self, model_id: str, count: int, wait_s: float) -> str:
        number = str(next(self._numbers))
        request: dict[str, object] = {"batch": count, "group": GROUP}
        request |= {"expires": int(wait_s * 1e9)} if wait_s > 0 else {"no_wait": True}
        if (enough := self._enough_waiting(model_id, self.pace.seconds_per_cost)) > 1:
            request["min_pending"] = enough
        self._requests[number] = _Request(model_token(model_id), count, time.monotonic() + wait_s + LATE_S)
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{consumer_of(model_id)}"
        await self._connection.publish(subject, json.dumps(request).encode(), reply=f"{self._inbox}.{number}")
        return number

    def _drop_lost_requests(self) -> None:
        now = time.monotonic()
        self._requests = {number: request for number, request in self._requests.items() if request.until > now}

    async def _until_moved(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
