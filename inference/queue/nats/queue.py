"""A JobQueue on NATS: both halves on one connection, and what has to go on all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import structlog
from nats.aio.msg import Msg

from config.queue import QueueSettings
from inference.protocol import FaceJob, FaceOutcome, FaceResult
from inference.queue.interface import Lease, QueueStats, Ticket
from inference.queue.nats.adverts import WorkerAdvert, Workers
from inference.queue.nats.asking import Asking, is_face
from inference.queue.nats.connection import Connection, Refused, Unreachable
from inference.queue.nats.dead import Undertaker
from inference.queue.nats.forgotten import Forgotten
from inference.queue.nats.leasing import Leasing
from inference.queue.nats.names import ADVERTS, DEAD, JOB_SUBJECTS, JOBS, RESULTS, ROLL_CALL, cost_in
from inference.queue.nats.news import News
from inference.queue.nats.results import Results
from inference.queue.nats.streams import bring_up_to_date
from inference.queue.pace import FIRST_GUESS_S_PER_COST
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

LOOK_S = 2.0  # how often what is in flight is looked at
RETRY_AFTER_S = (1.0, 600.0)
RETRY_S = 0.2
NOTHING = QueueStats(0, 0, 0, 0, 0, FIRST_GUESS_S_PER_COST)
GOODBYE = b""


class NatsQueue:
    """See `inference.queue.interface.JobQueue`. Open it with `open_nats_queue`."""

    def __init__(
        self,
        settings: QueueSettings,
        tasks: asyncio.TaskGroup,
        *,
        asks: bool,
        reused: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._asks = asks
        self._reused = reused
        self.connection = Connection(settings, "bot" if asks else "worker")
        self.workers = Workers()
        self.news = News(self.connection)
        self._results = Results(self.connection, settings)
        self._asking = Asking(self.connection, self._results, settings, tasks, reused=reused)
        self._leasing = Leasing(self.connection, self._results, settings, enough_waiting=self._enough_waiting)
        self._undertaker = Undertaker(self.connection, self._results)
        self._advert: WorkerAdvert | None = None
        self._stats = NOTHING
        self._forgotten = Forgotten(self._results)
        self._look_now = asyncio.Event()
        self.connection.add_set_up(self._set_up)

    async def submit(self, job: FaceJob) -> Ticket:
        """As `JobQueue.submit`; while the server is out of reach it waits, so give it a deadline."""
        while job.key in self._forgotten:
            await self.connection.until_up()
            with suppress(Unreachable, Refused):
                await self._forgotten.carry_out(job.key)
                break
            await asyncio.sleep(RETRY_S)
        return await self._asking.submit(job, self._retry_after_s())

    async def finished(self, key: str) -> FaceResult | None:
        """As `JobQueue.finished`; None while the server is out of reach."""
        if key in self._forgotten:
            return None
        with suppress(Unreachable):
            if face := is_face(await self._results.get(key)):
                self._reused()
                return face
        return None

    def forget(self, key: str) -> None:
        """As `JobQueue.forget`: at once for this process, within seconds for the others."""
        self._forgotten.add(key)
        self._look_now.set()

    async def result(self, ticket: Ticket, timeout_s: float) -> FaceOutcome:
        """As `JobQueue.result`."""
        return await self._asking.result(ticket, timeout_s)

    async def cancel(self, ticket: Ticket) -> None:
        """As `JobQueue.cancel`."""
        await self._asking.cancel(ticket)

    async def pull(self, max_n: int, fill_ms: float) -> list[Lease]:
        """As `JobQueue.pull`."""
        return await self._leasing.pull(max_n, fill_ms)

    def stats(self) -> QueueStats:
        """As `JobQueue.stats`, a few seconds old."""
        return self._stats

    def serve(self, advert: WorkerAdvert) -> None:
        """From now on this process is that worker: `pull` gives it jobs of these models, unless it is paused."""
        self._advert = advert
        self._leasing.serve(sorted(set(advert.models.values())), advert.seconds_per_cost)
        self._leasing.paused = advert.paused
        self._look_now.set()

    def pause(self, paused: bool) -> None:
        """Take no more jobs, or take them again; those in hand are finished."""
        self._leasing.paused = paused
        if self._advert is not None:
            self._advert = replace(self._advert, paused=paused)
        self._look_now.set()

    def close(self) -> None:
        """Let go of everybody who waits."""
        self._asking.close()

    async def run(self) -> None:
        """Stay connected and look after what is in flight, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.connection.run())
            group.create_task(self._keep_looking())
            try:
                await asyncio.Event().wait()
            finally:
                with suppress(Unreachable):
                    await self._say_goodbye()

    async def _set_up(self) -> None:
        if self._asks:
            await bring_up_to_date(self.connection, self._settings)
            await self._undertaker.set_up()
            await self._asking.set_up()
            await self.news.set_up()
        self.connection.set_clock(await self.connection.api(f"STREAM.INFO.{JOBS}"))
        await self.connection.subscribe(f"{ADVERTS}.*", self._on_advert)
        await self.connection.subscribe(ROLL_CALL, self._on_roll_call)
        await self._leasing.set_up()
        await self.connection.publish(ROLL_CALL)
        self._look_now.set()

    async def _keep_looking(self) -> None:
        while True:
            await self.connection.until_up()
            with suppress(Unreachable, Refused):
                await self._look()
            self._look_now.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._look_now.wait()

    async def _look(self) -> None:
        await self._leasing.add_consumers()
        await self._leasing.give_back()
        await self._advertise()
        if not self._asks:
            return
        await self._forgotten.carry_out()
        jobs = await self.connection.api(f"STREAM.INFO.{JOBS}", {"subjects_filter": f"{JOB_SUBJECTS}.>"})
        self.connection.set_clock(jobs)
        in_flight = jobs["state"].get("subjects") or {}
        await self._asking.look_after(in_flight)
        await self._count(jobs, sum(map(cost_in, in_flight)))

    async def _count(self, jobs: Mapping[str, Any], cost: int) -> None:
        consumers = (await self.connection.api(f"CONSUMER.LIST.{JOBS}"))["consumers"] or []
        leased = sum(int(consumer["num_ack_pending"]) for consumer in consumers)
        cached = await self.connection.api(f"STREAM.INFO.{RESULTS}")
        dead = await self.connection.api(f"STREAM.INFO.{DEAD}")
        self._stats = QueueStats(
            waiting=max(0, int(jobs["state"]["messages"]) - leased),
            leased=leased,
            outstanding_cost=cost,
            cached=int(cached["state"]["messages"]),
            dead_letters=int(dead["state"]["messages"]),
            seconds_per_cost=self.workers.seconds_per_cost() or self._stats.seconds_per_cost,
        )

    def _retry_after_s(self) -> float:
        low, high = RETRY_AFTER_S
        return min(max(self._stats.outstanding_cost * self._stats.seconds_per_cost / 2, low), high)

    def _enough_waiting(self, model_id: str, seconds_per_cost: float) -> int:
        own_id = self._advert.id if self._advert else ""
        return self.workers.enough_waiting(model_id, seconds_per_cost, own_id)

    async def _advertise(self) -> None:
        if self._advert is not None and self.connection.up:
            self._advert = replace(self._advert, seconds_per_cost=self._leasing.pace.seconds_per_cost)
            said = replace(self._advert, paused=self._advert.paused or not self._leasing.is_at_work)
            self.workers.heard(said)
            await self.connection.publish(f"{ADVERTS}.{said.id}", said.to_bytes())

    async def _say_goodbye(self) -> None:
        await self._leasing.give_back(everything=True)
        if self._advert is not None:
            await self.connection.publish(f"{ADVERTS}.{self._advert.id}", GOODBYE)

    async def _on_roll_call(self, message: Msg) -> None:
        del message
        with suppress(Unreachable):
            await self._advertise()

    async def _on_advert(self, message: Msg) -> None:
        if message.data == GOODBYE:
            self.workers.left(message.subject.rpartition(".")[2])
            return
        try:
            self.workers.heard(WorkerAdvert.from_bytes(message.data))
        except ProtocolError:
            log.debug("worker_advert_unreadable")


@asynccontextmanager
async def open_nats_queue(
    settings: QueueSettings, *, asks: bool, reused: Callable[[], None] = lambda: None
) -> AsyncIterator[NatsQueue]:
    """A queue that connects in the background; `asks` is the bot's side, which also keeps the streams in order.

    `reused` is called for every job answered from the cache.
    """
    async with asyncio.TaskGroup() as tasks:
        queue = NatsQueue(settings, tasks, asks=asks, reused=reused)
        running = tasks.create_task(queue.run())
        try:
            yield queue
        finally:
            running.cancel()
            queue.close()
