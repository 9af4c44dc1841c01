"""The rules, with a clock that is passed in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.guessing.round import EARLY_POINTS, LATE_POINTS, RoundState, Step
from tests.bot.guessing.rounds import OPEN, ROUND

times = st.floats(0, 1000)


def test_a_right_guess_counts_from_the_opening_until_the_end() -> None:
    assert OPEN.takes("kappa", 100.0)
    assert OPEN.takes("kappa", 129.9)
    assert not OPEN.takes("kappa", 130.0)
    assert not OPEN.takes("lul", 110.0)


@pytest.mark.parametrize("state", [state for state in RoundState if state is not RoundState.OPEN])
def test_only_an_open_round_takes_guesses_and_has_steps(state: RoundState) -> None:
    round_ = replace(OPEN, state=state)
    assert not round_.takes("kappa", 110.0)
    assert round_.due(110.0, hinted=False) is None


def test_a_round_whose_face_is_not_posted_has_no_times() -> None:
    assert ROUND.hint_at is None
    assert not ROUND.takes("kappa", 95.0)


def test_the_hint_comes_halfway_and_halves_the_points() -> None:
    assert OPEN.due(100.0, hinted=False) == (Step.HINT, 15.0)
    assert OPEN.points(114.9) == EARLY_POINTS
    assert OPEN.points(115.0) == LATE_POINTS
    assert OPEN.due(115.0, hinted=True) == (Step.END, 15.0)


def test_after_a_long_absence_there_is_no_hint_any_more() -> None:
    assert OPEN.due(500.0, hinted=False) == (Step.END, 0.0)


@given(opened_at=times, lasting=st.floats(0.01, 600), now=times, hinted=st.booleans())
def test_following_the_steps_ends_every_open_round(opened_at: float, lasting: float, now: float, hinted: bool) -> None:
    round_ = replace(OPEN, opened_at=opened_at, ends_at=opened_at + lasting)
    steps = []
    for _ in range(3):
        due = round_.due(now, hinted=hinted)
        assert due is not None
        step, wait_s = due
        assert wait_s >= 0
        now, hinted = now + wait_s, hinted or step is Step.HINT
        steps.append(step)
        if step is Step.END:
            break
    assert steps[-1] is Step.END
    assert not round_.is_running(now + 1e-6)


@given(opened_at=times, lasting=st.floats(0.01, 600), now=times)
def test_a_faster_guess_is_never_worth_less(opened_at: float, lasting: float, now: float) -> None:
    round_ = replace(OPEN, opened_at=opened_at, ends_at=opened_at + lasting)
    assert round_.points(now) >= round_.points(now + 1) >= LATE_POINTS
