"""How many requests Helix takes: a bucket of points for the application and for every user, refilled evenly.

https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

_REFILLED_WITHIN_S = 60.0
_MAX_WAIT_S = 60.0
_KEPT = 4096  # buckets; beyond, all are forgotten, which costs a refused request each at most


@dataclass(slots=True)
class _Bucket:
    """`left` was so at `at`; both as far as we know. `limit` 0: nothing is known yet."""

    limit: float = 0.0
    left: float = 0.0
    at: float = 0.0


class Allowances:
    """Waits before a request that would be refused."""

    def __init__(
        self,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    async def take(self, whose: str) -> None:
        """Return once one more request may be sent; at most after a minute."""
        bucket = self._bucket(whose)
        if not bucket.limit:
            return
        rate, now = bucket.limit / _REFILLED_WITHIN_S, self._clock()
        bucket.left = min(bucket.limit, bucket.left + (now - bucket.at) * rate) - 1  # below 0: in line
        bucket.at = now
        if bucket.left < 0:
            await self._pause(min(_MAX_WAIT_S, -bucket.left / rate))

    def learn(self, whose: str, status: int, headers: Mapping[str, str]) -> None:
        """What an answer says about the bucket; others may take from it as well."""
        try:
            limit, left = float(headers["Ratelimit-Limit"]), float(headers["Ratelimit-Remaining"])
        except (KeyError, ValueError):
            return
        bucket = self._bucket(whose)
        left = 0.0 if status == 429 else left
        bucket.left = min(bucket.left, left) if bucket.limit else left
        bucket.limit, bucket.at = max(1.0, limit), self._clock() if not bucket.at else bucket.at

    def _bucket(self, whose: str) -> _Bucket:
        if len(self._buckets) >= _KEPT and whose not in self._buckets:
            self._buckets.clear()
        return self._buckets.setdefault(whose, _Bucket())
