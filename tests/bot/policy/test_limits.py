"""The arithmetic of limits, with the time handed in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Busy, CooldownActive, FaceError, QuotaUsedUp, TooManyRequests
from bot.policy.limits import Limits
from bot.store.usage import DAY_S, Usage

NOON = 20_000 * DAY_S + DAY_S / 2
LIMITS = Limits(
    now=NOON,
    live_since=NOON - 1000,
    retry_after_s=7.0,
    waiting=1000,
    waiting_in_scope=32,
    waiting_of_user=4,
    waiting_in_channel=4,
    waiting_of_user_here=1,
    cooldown_s=10.0,
    daily_cost=100,
)
moments = st.floats(0, 4e9)
counts = st.integers(0, 2000)
usages = st.builds(Usage, counts, counts, counts, counts, counts, st.none() | moments, counts)


def refusal(limits: Limits, usage: Usage, cost: int = 1) -> FaceError | None:
    try:
        limits.check(usage, cost)
    except FaceError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("used", "error"),
    [
        ({"waiting": 1000}, Busy),
        ({"waiting_in_scope": 32}, Busy),
        ({"waiting_in_channel": 4}, Busy),
        ({"waiting_of_user": 4}, TooManyRequests),
        ({"waiting_of_user_here": 1}, TooManyRequests),
        ({"last_asked_at": NOON - 9.9}, CooldownActive),
        ({"cost_today": 100}, QuotaUsedUp),
    ],
)
def test_each_limit_refuses_at_its_bound_and_not_one_below(used: dict[str, Any], error: type[FaceError]) -> None:
    assert type(refusal(LIMITS, Usage(**used))) is error
    [(name, value)] = used.items()
    below = NOON - 10 if name == "last_asked_at" else value - 1
    assert refusal(LIMITS, Usage(**{name: below})) is None


@pytest.mark.parametrize("name", ["waiting_in_channel", "waiting_of_user_here", "daily_cost"])
def test_where_there_is_no_limit_nothing_is_too_much(name: str) -> None:
    used = "cost_today" if name == "daily_cost" else name
    assert refusal(LIMITS, Usage(**{used: 10**9})) is not None
    assert refusal(replace(LIMITS, **{name: None}), Usage(**{used: 10**9})) is None


@given(moments, moments, st.floats(0, 3600))
def test_nobody_waits_longer_than_the_cooldown_whatever_the_clocks_say(
    now: float, last: float, cooldown_s: float
) -> None:
    error = refusal(replace(LIMITS, now=now, cooldown_s=cooldown_s), Usage(last_asked_at=last))
    if last + cooldown_s <= now:
        assert error is None
    elif isinstance(error, CooldownActive):
        assert 0 < error.retry_after_s <= cooldown_s
    else:
        assert error is None  # a wait too short for a float to hold


@given(moments, st.floats(0.001, 3600))
def test_after_the_wait_that_was_told_the_cooldown_is_over(last: float, cooldown_s: float) -> None:
    now = last + cooldown_s / 2
    error = refusal(replace(LIMITS, now=now, cooldown_s=cooldown_s), Usage(last_asked_at=last))
    wait_s = error.retry_after_s if isinstance(error, CooldownActive) else 0.0
    later = now + wait_s + 1e-3
    assert refusal(replace(LIMITS, now=later, cooldown_s=cooldown_s), Usage(last_asked_at=last)) is None


@given(moments, counts, st.integers(1, 500))
def test_the_quota_is_never_exceeded_and_comes_back_at_midnight(now: float, used: int, cost: int) -> None:
    limits = replace(LIMITS, now=now, daily_cost=1000)
    error = refusal(limits, Usage(cost_today=used), cost)
    assert isinstance(error, QuotaUsedUp) == (used + cost > 1000)
    if isinstance(error, QuotaUsedUp):
        assert 0 < error.retry_after_s <= DAY_S
        assert (now + error.retry_after_s) % DAY_S == pytest.approx(0, abs=1e-3)


@given(usages, st.sampled_from(["waiting", "waiting_in_scope", "waiting_in_channel", "waiting_of_user", "cost_today"]))
def test_using_more_never_makes_a_refusal_go_away(usage: Usage, name: str) -> None:
    if refusal(LIMITS, usage) is not None:
        assert refusal(LIMITS, replace(usage, **{name: getattr(usage, name) + 1})) is not None
