"""Taking turns at starting sessions: Discord allows few at once, over all processes of a bot.

https://docs.discord.com/developers/events/gateway#rate-limiting
"""

from __future__ import annotations

import asyncio
import fcntl
import time
from collections.abc import Callable
from pathlib import Path

_FORGOTTEN_AFTER = 100  # turns: a time further ahead was written by a clock that was wrong


class IdentifyTurns:
    """Gives out times, `every_s` apart, to the processes that share `folder`; without one this process is alone.

    Discord counts in buckets: shards that are the same modulo `max_concurrency` take turns, others need not wait.
    A turn is noted when it is given out, and the lock held only for that; who dies waiting wastes one turn.
    """

    def __init__(self, folder: Path | None, *, every_s: float, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._every_s = every_s
        self._clock = clock
        self._next: dict[int, float] = {}
        self.max_concurrency = 1

    async def wait(self, shard_id: int) -> None:
        """Return when the shard may identify."""
        bucket = shard_id % self.max_concurrency
        take = self._take_alone if self._folder is None else self._take_among_processes
        turn_at = await asyncio.to_thread(take, bucket)
        await asyncio.sleep(max(0.0, turn_at - self._clock()))

    def _take_alone(self, bucket: int) -> float:
        turn_at = self._after(self._next.get(bucket, 0.0))
        self._next[bucket] = turn_at
        return turn_at

    def _take_among_processes(self, bucket: int) -> float:
        assert self._folder is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"identify-{bucket}").open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # held by nobody for longer than this takes
            file.seek(0)
            turn_at = self._after(_number(file.read(64)))
            file.truncate(0)
            file.write(repr(turn_at))
        return turn_at

    def _after(self, last: float) -> float:
        now = self._clock()
        is_believable = last <= now + _FORGOTTEN_AFTER * self._every_s
        return max(now, last + self._every_s) if is_believable else now


def _number(text: str) -> float:
    """Nothing, or half a number after a crash, counts as long ago."""
    try:
        return float(text)
    except ValueError:
        return 0.0
