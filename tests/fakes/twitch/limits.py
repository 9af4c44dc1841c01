"""Rate limits: points of Helix, and how often one account may speak in a chat."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """Twitch's token bucket: `points` a minute, refilled evenly. https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits"""

    points: int
    per_s: float
    clock: Callable[[], float]
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = float(self.points), self.clock()

    def take(self) -> bool:
        now = self.clock()
        self.left = min(self.points, self.left + (now - self.at) * self.points / self.per_s)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def headers(self) -> dict[str, str]:
        missing_s = (self.points - self.left) * self.per_s / self.points
        return {
            "Ratelimit-Limit": str(self.points),
            "Ratelimit-Remaining": str(int(self.left)),
            "Ratelimit-Reset": str(math.ceil(time.time() + missing_s)),
        }


@dataclass(slots=True)
class Speaking:
    """How many messages an account sent within the window, over one chat."""

    window_s: float
    clock: Callable[[], float]
    sent: deque[float] = field(default_factory=deque)

    def take(self, most: int) -> bool:
        now = self.clock()
        while self.sent and self.sent[0] <= now - self.window_s:
            self.sent.popleft()
        if len(self.sent) >= most:
            return False
        self.sent.append(now)
        return True


@dataclass(slots=True)
class Limits:
    """Tests may change the numbers at any time before the first request that they are to hold for."""

    points: int = 800
    per_s: float = 60.0
    messages: int = 20
    messages_as_moderator: int = 100
    messages_window_s: float = 30.0
    refused: int = 0  # answers 429
    dropped: int = 0  # messages beyond the chat's limit
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _speaking: dict[tuple[str, str], Speaking] = field(default_factory=dict)

    def bucket(self, whose: str) -> Bucket:
        """Of one user, or of the application."""
        if whose not in self._buckets:
            self._buckets[whose] = Bucket(self.points, self.per_s, self.clock)
        return self._buckets[whose]

    def may_speak(self, sender_id: str, channel_id: str, *, moderates: bool) -> bool:
        spoken = self._speaking.setdefault((sender_id, channel_id), Speaking(self.messages_window_s, self.clock))
        allowed = spoken.take(self.messages_as_moderator if moderates else self.messages)
        self.dropped += not allowed
        return allowed
