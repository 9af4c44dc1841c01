"""Outcomes after the work is done: the result cache by key, and what each asker has not fetched yet."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable

from inference.protocol import MAX_RESULT_BYTES, FaceOutcome, FaceResult, FailureCode

ENTRY_BYTES = 512  # what an entry takes besides its picture, roughly; it bounds the number of small entries
FAILURE_TTL_S = 10.0  # long enough to stop a stampede on a bad emote, short enough to give a new try a chance
UNCLAIMED_TTL_S = 60.0  # an answer is kept at least this long for an asker who has not come for it
UNCLAIMED_BYTES = 16 * MAX_RESULT_BYTES  # … and this much of them, however small the cache is


class OutcomeStore:
    """Outcomes under a name, each until its time, at most `max_bytes` of them: the least recently used goes first.

    An outcome stored under many names (a thousand askers of one emote) counts once.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, tuple[FaceOutcome, float]] = OrderedDict()
        self._names_of: Counter[int] = Counter()
        self._picture_bytes = 0
        self._first_expiry = math.inf  # a lower bound, so that most looks for expired entries cost nothing

    def put(self, name: str, outcome: FaceOutcome, *, until: float) -> None:
        """Store or replace. An outcome larger than the whole store is not kept."""
        self.pop(name)
        if not self._names_of[id(outcome)]:
            self._picture_bytes += _picture_bytes(outcome)
        self._names_of[id(outcome)] += 1
        self._entries[name] = (outcome, until)
        self._first_expiry = min(self._first_expiry, until)
        while self.total_bytes > self._max_bytes:
            self.pop(next(iter(self._entries)))

    def get(self, name: str, now: float) -> FaceOutcome | None:
        """The outcome, if its time is not over."""
        outcome, until = self._entries.get(name, (None, now))
        if until <= now:
            return None
        self._entries.move_to_end(name)
        return outcome

    def pop(self, name: str) -> FaceOutcome | None:
        """Take the outcome out."""
        outcome, _ = self._entries.pop(name, (None, 0.0))
        if outcome is None:
            return None
        self._names_of[id(outcome)] -= 1
        if not self._names_of[id(outcome)]:
            del self._names_of[id(outcome)]
            self._picture_bytes -= _picture_bytes(outcome)
        return outcome

    def drop_expired(self, now: float) -> None:
        """Forget everything whose time is over."""
        if now < self._first_expiry:
            return
        for name in [name for name, (_, until) in self._entries.items() if until <= now]:
            self.pop(name)
        self._first_expiry = min((until for _, until in self._entries.values()), default=math.inf)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def total_bytes(self) -> int:
        """What the bound is compared with."""
        return self._picture_bytes + ENTRY_BYTES * len(self._entries)


class Answers:
    """The cache and the unclaimed answers together; `now` is in Unix seconds and never goes back."""

    def __init__(self, cache_bytes: int, cache_ttl_s: float) -> None:
        self._cache_ttl_s = cache_ttl_s
        self._cache = OutcomeStore(cache_bytes)
        self._unclaimed = OutcomeStore(max(cache_bytes, UNCLAIMED_BYTES))

    def keep(self, outcome: FaceOutcome, ticket_ids: Iterable[str], now: float) -> None:
        """Cache the outcome, and hold it for every asker until fetched: for the cache time, at least a minute."""
        if ttl_s := self._ttl_s(outcome):
            self._cache.put(outcome.key, outcome, until=now + ttl_s)
        for ticket_id in ticket_ids:
            self.hold(outcome, ticket_id, now)

    def hold(self, outcome: FaceOutcome, ticket_id: str, now: float) -> None:
        """Keep the outcome for one asker."""
        self._unclaimed.put(ticket_id, outcome, until=now + max(self._cache_ttl_s, UNCLAIMED_TTL_S))

    def take(self, ticket_id: str) -> FaceOutcome | None:
        """What was held for this asker."""
        return self._unclaimed.pop(ticket_id)

    def cached(self, key: str, now: float) -> FaceOutcome | None:
        """The cached outcome of this key."""
        return self._cache.get(key, now)

    def forget(self, key: str) -> None:
        """Whoever asks for it from now on has it made anew."""
        self._cache.pop(key)

    def drop_expired(self, now: float) -> None:
        """Forget what nobody came for in time."""
        self._cache.drop_expired(now)
        self._unclaimed.drop_expired(now)

    def __len__(self) -> int:
        """Cached outcomes."""
        return len(self._cache)

    def _ttl_s(self, outcome: FaceOutcome) -> float:
        if isinstance(outcome, FaceResult):
            return self._cache_ttl_s
        if outcome.code is FailureCode.DEADLINE_EXCEEDED:
            return 0.0  # says something about the asker's patience, nothing about the job
        return min(FAILURE_TTL_S, self._cache_ttl_s)


def _picture_bytes(outcome: FaceOutcome) -> int:
    return len(outcome.picture) if isinstance(outcome, FaceResult) else 0
