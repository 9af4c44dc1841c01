"""A circuit breaker: a source that fails again and again is left alone for a while, so that nobody waits for it.

The breakers on the package index either keep no clock of the caller's, or know nothing of a server's Retry-After.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

FAILURES = 3  # in a row
FIRST_PAUSE_S = 15.0  # doubled with each further failure
LONGEST_PAUSE_S = 300.0
LONGEST_WISH_S = 3600.0  # of a server


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open one trial."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Breaker:
    """`allows` before each call, `succeeded` or `failed` after it. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._shut_until = float("-inf")

    @property
    def state(self) -> BreakerState:
        """Where it stands now."""
        if self._clock() < self._shut_until:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN if self._failures >= FAILURES else BreakerState.CLOSED

    def allows(self) -> bool:
        """Whether to call now. Half-open, the first who asks makes the trial; the others wait for how it ends."""
        state = self.state
        if state is BreakerState.HALF_OPEN:
            self._shut_until = self._clock() + FIRST_PAUSE_S
        return state is not BreakerState.OPEN

    def succeeded(self) -> None:
        """All is well (again)."""
        self._failures, self._shut_until = 0, float("-inf")

    def failed(self, retry_after_s: float | None = None) -> None:
        """Count it; with the server's own wish for a pause, grant it at once."""
        self._failures += 1
        pause_s = 0.0
        if self._failures >= FAILURES:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures - FAILURES, 10))
        if retry_after_s is not None:
            pause_s = max(pause_s, min(LONGEST_WISH_S, retry_after_s))
        self._shut_until = max(self._shut_until, self._clock() + pause_s) if pause_s else self._shut_until
