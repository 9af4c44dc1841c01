"""What happened to requests, for everybody in this process who watches one."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Changes:
    """Wakes the watchers of a request. They read the present state themselves, so nothing queues up for a slow one."""

    def __init__(self) -> None:
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def announce(self, request_id: str) -> None:
        """Something about this request changed."""
        for event in self._watchers.get(request_id, ()):
            event.set()

    async def wait(self, request_id: str, timeout_s: float) -> None:
        """Return at the next change, or after `timeout_s`."""
        event = asyncio.Event()
        self._watchers[request_id].add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._watchers[request_id].discard(event)
            if not self._watchers[request_id]:
                del self._watchers[request_id]
