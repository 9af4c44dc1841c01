"""Requests are spread so that Helix need not refuse them."""

from __future__ import annotations

import pytest

from bot.twitch.allowance import Allowances


class Time:
    """Passes when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def wait(self, for_s: float) -> None:
        self.waited.append(for_s)
        self.now += for_s


@pytest.fixture
def time() -> Time:
    return Time()


def allowances(time: Time) -> Allowances:
    return Allowances(time.wait, clock=time)


def said(limit: int, left: int) -> dict[str, str]:
    return {"Ratelimit-Limit": str(limit), "Ratelimit-Remaining": str(left), "Ratelimit-Reset": "2000000000"}


async def test_nothing_waits_before_twitch_has_said_anything(time: Time) -> None:
    allowed = allowances(time)
    for _ in range(5):
        await allowed.take("")
    assert time.waited == []


async def test_an_empty_bucket_is_waited_for_as_long_as_one_point_takes(time: Time) -> None:
    allowed = allowances(time)
    allowed.learn("", 200, said(60, 0))
    await allowed.take("")
    assert time.waited == [pytest.approx(1.0)]


async def test_a_line_forms_and_moves_at_the_pace_of_the_refill(time: Time) -> None:
    allowed = allowances(time)
    allowed.learn("", 200, said(60, 2))
    for _ in range(5):
        await allowed.take("")
    assert sum(time.waited) == pytest.approx(3.0)


async def test_each_account_has_a_bucket_of_its_own(time: Time) -> None:
    allowed = allowances(time)
    allowed.learn("bot:1", 200, said(60, 0))
    await allowed.take("channel:2")
    await allowed.take("")
    assert time.waited == []


async def test_a_refusal_empties_the_bucket_whatever_it_says(time: Time) -> None:
    allowed = allowances(time)
    allowed.learn("", 429, said(60, 30))
    await allowed.take("")
    assert time.waited == [pytest.approx(1.0)]


async def test_time_fills_the_bucket_again(time: Time) -> None:
    allowed = allowances(time)
    allowed.learn("", 200, said(60, 0))
    time.now += 3600
    for _ in range(60):
        await allowed.take("")
    assert time.waited == []


@pytest.mark.parametrize("headers", [{}, {"Ratelimit-Limit": "many", "Ratelimit-Remaining": "x"}, said(0, -5)])
async def test_nonsense_does_not_stop_anything(time: Time, headers: dict[str, str]) -> None:
    allowed = allowances(time)
    allowed.learn("", 200, headers)
    await allowed.take("")
    assert sum(time.waited) <= 60
