"""How much somebody may ask for. Pure: what is used comes from the store, the time from the caller."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import Busy, CooldownActive, QuotaUsedUp, TooManyRequests
from bot.store.usage import DAY_S, Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request is held against, at the moment `now`.

    The first three protect the instance: requests without a face yet over everything, in one scope, of one person
    anywhere on the platform. The others are a server's own and count in that server alone; None is no limit.
    """

    now: float
    live_since: float
    retry_after_s: float
    waiting: int
    waiting_in_scope: int
    waiting_of_user: int
    waiting_in_channel: int | None = None
    waiting_of_user_here: int | None = None
    cooldown_s: float = 0.0
    daily_cost: int | None = None

    def check(self, usage: Usage, cost: int) -> None:
        """Raise what the asker can do something about first: QuotaUsedUp, TooManyRequests, CooldownActive, Busy.

        An asker is never told to wait longer than the cooldown or than until midnight.
        """
        if self.daily_cost is not None and usage.cost_today + cost > self.daily_cost:
            raise QuotaUsedUp(DAY_S - self.now % DAY_S)
        if usage.waiting_of_user >= self.waiting_of_user or _full(
            usage.waiting_of_user_here, self.waiting_of_user_here
        ):
            raise TooManyRequests(self.retry_after_s)
        if (left_s := self._cooldown_left_s(usage.last_asked_at)) > 0:
            raise CooldownActive(left_s)
        if (
            _full(usage.waiting, self.waiting)
            or _full(usage.waiting_in_scope, self.waiting_in_scope)
            or _full(usage.waiting_in_channel, self.waiting_in_channel)
        ):
            raise Busy(self.retry_after_s)

    def _cooldown_left_s(self, last_asked_at: float | None) -> float:
        """Another process's clock may be ahead of ours, which makes nobody wait longer."""
        if last_asked_at is None:
            return 0.0
        return min(self.cooldown_s, last_asked_at + self.cooldown_s - self.now)


def _full(number: int, limit: int | None) -> bool:
    return limit is not None and number >= limit
