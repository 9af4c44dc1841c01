import pytest

from bot.emotes.breaker import FAILURES, FIRST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_WISH_S, Breaker, BreakerState
from tests.bot.emotes.shelves import Clock

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int = FAILURES) -> None:
    for _ in range(times):
        breaker.failed()


def test_single_failures_change_nothing(breaker: Breaker) -> None:
    for _ in range(10):
        fail(breaker, FAILURES - 1)
        breaker.succeeded()
    assert breaker.state is CLOSED
    assert breaker.allows()


def test_several_in_a_row_open_it_until_the_pause_is_over(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    assert breaker.state is OPEN
    clock.now_s += FIRST_PAUSE_S - 0.1
    assert not breaker.allows()
    clock.now_s += 0.2
    assert breaker.state is HALF_OPEN


def test_half_open_lets_one_through_and_the_others_wait_for_its_end(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now_s += FIRST_PAUSE_S
    assert [breaker.allows() for _ in range(5)] == [True, False, False, False, False]
    breaker.succeeded()
    assert breaker.state is CLOSED
    assert all(breaker.allows() for _ in range(5))


def test_a_failed_trial_doubles_the_pause_up_to_a_bound(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    pause_s = FIRST_PAUSE_S
    for _ in range(40):
        clock.now_s += pause_s
        assert breaker.allows()
        breaker.failed()
        pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        clock.now_s += pause_s - 0.1
        assert breaker.state is OPEN
        clock.now_s += 0.1
        assert breaker.state is HALF_OPEN


def test_a_trial_that_never_ends_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now_s += FIRST_PAUSE_S
    assert breaker.allows()
    clock.now_s += FIRST_PAUSE_S
    assert breaker.allows()


@pytest.mark.parametrize(("wish_s", "granted_s"), [(7.0, 7.0), (0.5, 0.5), (10**9, LONGEST_WISH_S)])
def test_a_wish_for_a_pause_is_granted_at_once_within_reason(
    breaker: Breaker, clock: Clock, wish_s: float, granted_s: float
) -> None:
    breaker.failed(retry_after_s=wish_s)
    clock.now_s += granted_s - 0.01
    assert breaker.state is OPEN
    clock.now_s += 0.02
    assert breaker.state is CLOSED
