"""What happened to requests, for everybody in this process who watches one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Watch:
    """One watcher's view: remembers that something changed, however often, until the watcher waits for it."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def announce(self) -> None:
        self._changed.set()

    async def wait(self, timeout_s: float) -> None:
        """Return once something has changed since the last wait, or after `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        self._changed.clear()


class Changes:
    """Wakes the watchers of a request. They read the present state themselves, so nothing queues up for a slow one."""

    def __init__(self) -> None:
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)

    def announce(self, request_id: str) -> None:
        """Something about this request changed."""
        for watch in self._watches.get(request_id, ()):
            watch.announce()

    @contextmanager
    def watching(self, request_id: str) -> Iterator[Watch]:
        """Miss no change of the request inside the block, whether waiting for one at the time or not."""
        watch = Watch()
        self._watches[request_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[request_id].discard(watch)
            if not self._watches[request_id]:
                del self._watches[request_id]
