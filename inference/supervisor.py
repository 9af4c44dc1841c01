"""Takes jobs from the queue to the inference child and their outcomes back, whatever happens to the child.

A child that dies or hangs is replaced. If it had several jobs, each gets a try of its own, so that only the one that
does it is answered with an error; a job that loses the child alone gets more tries, since somebody else may have
killed it. Meanwhile the leases are kept alive, and nothing is taken from the queue while no child is ready.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from config.queue import QueueSettings
from config.settings import InferenceSettings
from inference.child_process import ChildHung, ChildLost, ChildProcess, ChildUnavailable
from inference.framing import MAX_PARTS
from inference.protocol import FaceFailure, FaceOutcome, FaceResult, FailureCode, Style
from inference.queue.interface import JobQueue, Lease
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

SECONDS_A_RUN = 0.1
"""Allowed on top of `batch_timeout_s` for every network run of a batch (sixty frames are sixty runs): several times
what a run and its share of the drawing take on a slow machine."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0


class WorkObserver(Protocol):
    """Hears what happens at the worker, for metrics."""

    def batch_drawn(self, jobs: int) -> None: ...

    def face_drawn(self, inference_s: float) -> None: ...

    def child_restarted(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Task:
    """A leased job, packed once however often it is tried."""

    lease: Lease
    message: bytes


class Supervisor:
    """One inference child on one queue. `model_ids` is what the asking side names in its jobs."""

    def __init__(
        self,
        queue: JobQueue,
        settings: InferenceSettings,
        queue_settings: QueueSettings,
        *,
        model_ids: Mapping[Style, str],
        observer: WorkObserver,
        stop_grace_s: float,
        clock: Callable[[], float] = time.time,
        on_ready: Callable[[float], None] = lambda seconds_per_cost: None,
    ) -> None:
        """`on_ready` hears of every child that is ready, and how fast it is."""
        self._queue = queue
        self._settings = settings
        self._queue_settings = queue_settings
        self._model_ids = model_ids
        self._observer = observer
        self._stop_grace_s = stop_grace_s
        self._clock = clock
        self._on_ready = on_ready
        self._child: ChildProcess | None = None
        self._serving = False
        self._stopping = False
        self._stop_by = 0.0
        self._failures = 0  # children lost or not started since the last good batch
        self._problem: str | None = None

    @property
    def child_pid(self) -> int | None:
        """The process that draws, while it is ready for work."""
        return self._child.pid if self._child and self._child.alive else None

    @property
    def ready(self) -> bool:
        """A child is loaded, warmed up and alive."""
        return self.child_pid is not None

    @property
    def problem(self) -> str | None:
        """Why no child can be started, for people; None once one runs, and before the first try has failed."""
        return self._problem

    async def run(self) -> None:
        """Work until cancelled; then finish the batch in hand or give it back, and end the child, all within
        `stop_grace_s`."""
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._work(tasks))
            try:
                await asyncio.wait({work})
            finally:
                self._stopping = True
                self._stop_by = asyncio.get_running_loop().time() + self._stop_grace_s
                if not self._serving:
                    work.cancel()
                await asyncio.wait({work}, timeout=self._stop_grace_s)
                work.cancel()

    async def _work(self, tasks: asyncio.TaskGroup) -> None:
        try:
            while not self._stopping:
                try:
                    child = await self._ready_child(tasks)
                    if leases := await self._next_batch(child):
                        await self._serve(leases, tasks)
                except ChildUnavailable as error:
                    log.warning("inference_child_unavailable", problem=str(error), failures=self._failures)
        finally:
            if self._child:
                await self._child.end(max(0.0, self._stop_by - asyncio.get_running_loop().time()))

    async def _ready_child(self, tasks: asyncio.TaskGroup) -> ChildProcess:
        """The child, a new one when it is gone. Raise ChildUnavailable after one failed try."""
        if self._child and self._child.alive:
            return self._child
        await self._drop_child()
        if self._failures:
            await asyncio.sleep(min(FIRST_PAUSE_S * 2.0 ** (self._failures - 1), LONGEST_PAUSE_S))
        try:
            child = await ChildProcess.start(self._settings, tasks)
            if not self._model_ids.items() <= child.model_ids.items():
                await child.kill()
                raise ChildUnavailable(f"it serves {dict(child.model_ids)}, but jobs ask for {dict(self._model_ids)}")
        except ChildUnavailable as error:
            self._failures += 1
            self._problem = str(error)
            raise
        self._child, self._problem = child, None
        self._on_ready(child.seconds_per_cost)
        return child

    async def _drop_child(self) -> None:
        """Make room for a new child after this one died, hung or misbehaved."""
        if self._child:
            child, self._child = self._child, None
            self._failures += 1
            self._observer.child_restarted()
            await child.kill()

    async def _next_batch(self, child: ChildProcess) -> list[Lease]:
        """Wait for jobs, or for the end of the idle child: then there are none."""
        async with asyncio.TaskGroup() as group:
            pull = group.create_task(self._queue.pull(min(self._settings.max_batch, MAX_PARTS), self._settings.fill_ms))
            watch = group.create_task(child.unexpected())
            await asyncio.wait({pull, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                log.warning("inference_child_lost", pid=child.pid, idle=True)
                await self._drop_child()
            watch.cancel()
            pull.cancel()
        return [] if pull.cancelled() else pull.result()

    async def _serve(self, leases: Sequence[Lease], tasks: asyncio.TaskGroup) -> None:
        """Answer every job; what is not answered in the end, because of a stop, goes back to the queue."""
        self._serving = True
        async with asyncio.TaskGroup() as group:
            heartbeat = group.create_task(self._keep(leases))
            try:
                await self._answer(await self._packed(leases), tasks)
            except ChildUnavailable as error:
                log.warning("inference_jobs_given_back", problem=str(error), jobs=len(leases))
            finally:
                self._serving = False
                heartbeat.cancel()
                for lease in leases:
                    await lease.release()

    async def _keep(self, leases: Sequence[Lease]) -> None:
        while True:
            await asyncio.sleep(self._queue_settings.lease_s / 3)
            for lease in leases:
                await lease.extend()

    async def _packed(self, leases: Sequence[Lease]) -> list[_Task]:
        """Compressing takes long for many frames, so it happens beside the loop."""
        packed = []
        for lease in leases:
            try:
                packed.append(_Task(lease, await asyncio.to_thread(lease.job.to_bytes)))
            except ProtocolError as error:
                log.error("inference_job_refused", key=lease.job.key, reason=str(error))
                await lease.fail(FaceFailure(lease.job.key, FailureCode.GENERATOR_FAILED))
        return packed

    async def _answer(self, batch: Sequence[_Task], tasks: asyncio.TaskGroup) -> None:
        """All at once; when that costs the child, one by one."""
        losses = 0
        if len(batch) > 1:
            if await self._draw(batch, tasks) is None:
                return
            losses = 1
        for task in batch:
            await self._answer_alone(task, losses, tasks)

    async def _answer_alone(self, task: _Task, losses: int, tasks: asyncio.TaskGroup) -> None:
        """A job that hangs the child is condemned at once: each try would cost everybody the full timeout."""
        job = task.lease.job
        while not self._stopping:
            if job.deadline_at <= self._clock():
                await task.lease.fail(FaceFailure(job.key, FailureCode.DEADLINE_EXCEEDED))
                return
            if (code := await self._draw([task], tasks)) is None:
                return
            losses += 1
            if code is FailureCode.GENERATOR_HUNG or losses >= self._queue_settings.max_attempts:
                log.error("inference_job_condemned", key=job.key, code=code, losses=losses)
                await task.lease.fail(FaceFailure(job.key, code), dead_letter=True)
                return

    async def _draw(self, batch: Sequence[_Task], tasks: asyncio.TaskGroup) -> FailureCode | None:
        """One try in the child; when it costs the child, say how and leave the jobs unanswered."""
        child = await self._ready_child(tasks)
        timeout_s = self._settings.batch_timeout_s + SECONDS_A_RUN * sum(task.lease.job.runs for task in batch)
        try:
            outcomes = await child.draw([task.message for task in batch], timeout_s)
            if [outcome.key for outcome in outcomes] != [task.lease.job.key for task in batch]:
                raise ChildLost("the answers are not in the order of the jobs")
        except (ChildHung, ChildLost) as error:
            code = FailureCode.GENERATOR_HUNG if isinstance(error, ChildHung) else FailureCode.GENERATOR_CRASHED
            log.warning("inference_child_lost", pid=child.pid, code=code, jobs=len(batch), reason=str(error))
            await self._drop_child()
            return code
        self._failures = 0
        self._report(outcomes)
        async with asyncio.TaskGroup() as group:
            for task, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, FaceResult):
                    group.create_task(task.lease.done(outcome))
                else:
                    group.create_task(task.lease.fail(outcome))
        return None

    def _report(self, outcomes: Sequence[FaceOutcome]) -> None:
        self._observer.batch_drawn(len(outcomes))
        for outcome in outcomes:
            if isinstance(outcome, FaceResult):
                self._observer.face_drawn(outcome.inference_ms / 1000)
