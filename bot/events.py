"""What happened to requests and overlays, for everybody in this process who watches one."""

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
    """Wakes the watchers of a request, or of anything else that has an id. They read the present state themselves, so
    nothing queues up for a slow one."""

    def __init__(self) -> None:
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)

    def announce(self, id_: str) -> None:
        """Something about this changed."""
        for watch in self._watches.get(id_, ()):
            watch.announce()

    def watched(self, id_: str) -> int:
        """How many watch it."""
        return len(self._watches.get(id_, ()))

    @contextmanager
    def watching(self, id_: str) -> Iterator[Watch]:
        """Miss no change of it inside the block, whether waiting for one at the time or not."""
        watch = Watch()
        self._watches[id_].add(watch)
        try:
            yield watch
        finally:
            self._watches[id_].discard(watch)
            if not self._watches[id_]:
                del self._watches[id_]
