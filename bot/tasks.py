"""Work beside the event loop's main line: bounded, supervised, one failure never touching another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

import structlog

log = structlog.get_logger(__name__)


class BoundedTasks:
    """A task group that survives its members: an exception is logged, the others go on.

    Leaving the context by an exception (a cancellation) cancels what still runs and waits for it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, error, traceback)

    def start(self, name: str, work: Coroutine[Any, Any, None], **context: object) -> asyncio.Task[None] | None:
        """Run it beside the others; None when the bound is reached, or when no more is begun because the context is
        being left. `context` goes into the log of a failure."""
        if self._running >= self._limit:
            work.close()
            log.warning("work_dropped", work=name, limit=self._limit, **context)
            return None
        guarded = self._guarded(name, work, context)
        try:
            task = self._group.create_task(guarded)
        except RuntimeError:  # what was heard in the last moment
            guarded.close()
            work.close()
            log.info("work_not_begun", work=name, **context)
            return None
        self._running += 1
        task.add_done_callback(lambda _: self._ended(work))
        return task

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None], context: dict[str, object]) -> None:
        try:
            await work
        except Exception:
            log.exception("work_failed", work=name, **context)

    def _ended(self, work: Coroutine[Any, Any, None]) -> None:
        self._running -= 1
        work.close()  # cancelled before its first step it would complain of never being awaited
