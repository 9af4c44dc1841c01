"""A worker without a network: it answers the jobs of a real queue in this process, when and how the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from inference.protocol import FaceFailure, FaceJob, FaceResult, FailureCode
from inference.queue.interface import JobQueue, Lease


def drawing_of(job: FaceJob) -> FaceResult:
    """What the worker answers: bytes that differ from job to job."""
    return FaceResult(job.key, f"drawing {job.key}".encode(), 256, 128, 1.0)


class FakeWorker:
    """Answers at once unless told to rest; `fails_with` answers a failure instead of a drawing."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._working = asyncio.Event()
        self._working.set()
        self.pulled: list[FaceJob] = []
        self.fails_with: FailureCode | None = None

    def rest(self) -> None:
        """Take jobs, but answer none until `resume`."""
        self._working.clear()

    def resume(self) -> None:
        self._working.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeWorker]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self._run())
            try:
                yield self
            finally:
                task.cancel()

    async def _run(self) -> None:
        while True:
            for lease in await self._queue.pull(1, 0):
                self.pulled.append(lease.job)
                await self._working.wait()
                await self._answer(lease)

    async def _answer(self, lease: Lease) -> None:
        if self.fails_with is None:
            await lease.done(drawing_of(lease.job))
        else:
            await lease.fail(FaceFailure(lease.job.key, self.fails_with))
