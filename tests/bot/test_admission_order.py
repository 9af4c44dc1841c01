"""DeficitRoundRobin and Outstanding: the pure half of `bot.admission`."""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admission import QUANTUM, DeficitRoundRobin, Outstanding
from bot.errors import Busy, TooManyRequests
from bot.models import Origin, Platform
from config.settings import RequestsSettings

MAX_COST = 12
scopes = st.sampled_from("abcde")
costs = st.integers(1, MAX_COST)
backlogs = st.lists(st.tuples(scopes, costs), max_size=40)
backlogged_pairs = st.lists(st.tuples(st.sampled_from("abc"), costs), min_size=2, max_size=60)


def filled(backlog: list[tuple[str, int]]) -> DeficitRoundRobin:
    waiting = DeficitRoundRobin()
    for number, (scope, cost) in enumerate(backlog):
        waiting.add(f"{scope}{number}", scope, cost)
    return waiting


def drained(waiting: DeficitRoundRobin) -> list[str]:
    return [waiting.pop() for _ in range(len(waiting))]


def textbook_order(backlog: list[tuple[str, int]]) -> list[str]:
    """Deficit round-robin as the paper has it, a visit at a time."""
    queues: defaultdict[str, deque[tuple[str, int]]] = defaultdict(deque)
    for number, (scope, cost) in enumerate(backlog):
        queues[scope].append((f"{scope}{number}", cost))
    deficits = dict.fromkeys(queues, 0)
    order = []
    while any(queues.values()):
        for scope, queue in queues.items():
            deficits[scope] += QUANTUM
            while queue and queue[0][1] <= deficits[scope]:
                item, cost = queue.popleft()
                deficits[scope] -= cost
                order.append(item)
    return order


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Bound the number of function calls inside (in place of a time, which depends on the machine)."""
    made = 0

    def count(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
    assert made <= calls


# -- order ----------------------------------------------------------------------------------------------------------


@given(backlogs)
def test_the_order_is_that_of_the_textbook(backlog: list[tuple[str, int]]) -> None:
    assert drained(filled(backlog)) == textbook_order(backlog)


@given(backlogs)
def test_nothing_is_lost_or_served_twice_and_a_scope_keeps_its_order(backlog: list[tuple[str, int]]) -> None:
    added = [f"{scope}{number}" for number, (scope, _) in enumerate(backlog)]
    served = drained(filled(backlog))
    assert sorted(served) == sorted(added)
    for scope in "abcde":
        assert [item for item in served if item[0] == scope] == [item for item in added if item[0] == scope]


@given(st.data())
def test_it_serves_whenever_something_waits_whatever_comes_and_goes(data: st.DataObject) -> None:
    waiting = DeficitRoundRobin()
    there: list[str] = []
    for number in range(data.draw(st.integers(0, 40))):
        step = data.draw(st.sampled_from(["add", "add", "pop", "remove"]))
        if step == "add":
            scope = data.draw(scopes)
            waiting.add(f"{scope}{number}", scope, data.draw(costs))
            there.append(f"{scope}{number}")
        elif step == "pop" and there:
            served = waiting.pop()
            assert served == next(item for item in there if item[0] == served[0])
            there.remove(served)
        elif step == "remove" and there:
            gone = data.draw(st.sampled_from(there))
            waiting.remove(gone)
            there.remove(gone)
        assert len(waiting) == len(there)
    assert sorted(drained(waiting)) == sorted(there)


def test_nothing_waiting_is_an_error() -> None:
    waiting = filled([("a", 1)])
    waiting.pop()
    with pytest.raises(KeyError):
        waiting.pop()


def test_taking_out_what_is_not_there_changes_nothing() -> None:
    waiting = filled([("a", 1)])
    waiting.remove("b7")
    assert drained(waiting) == ["a0"]


# -- fairness -------------------------------------------------------------------------------------------------------


@given(backlogged_pairs, st.integers(0, 20))
def test_between_backlogged_scopes_the_cost_served_differs_by_a_turn_and_an_item(
    backlog: list[tuple[str, int]], skipped: int
) -> None:
    """From the start by at most quantum + largest item, in any later stretch by at most one item more."""
    cost_of = {f"{scope}{number}": cost for number, (scope, cost) in enumerate(backlog)}
    left = Counter(scope for scope, _ in backlog)
    present = set(left)
    order = drained(filled(backlog))
    served = dict.fromkeys(present, 0)
    for number, item in enumerate(order):
        left[item[0]] -= 1
        served[item[0]] += cost_of[item]
        if number < skipped:
            continue
        if number == skipped:
            since = dict(served)
        busy = [scope for scope in present if left[scope]]
        for one in busy:
            for other in busy:
                assert served[one] - served[other] <= QUANTUM + MAX_COST
                stretch = (served[one] - since[one]) - (served[other] - since[other])
                assert stretch <= QUANTUM + 2 * MAX_COST


@given(st.lists(st.tuples(st.sampled_from("abcd"), costs), max_size=60), st.integers(0, 60), costs)
def test_a_quiet_scope_is_served_within_a_bound_whatever_the_others_flood(
    flood: list[tuple[str, int]], already: int, cost: int
) -> None:
    waiting = filled(flood)
    for _ in range(min(already, len(flood))):
        waiting.pop()
    cost_of = {f"{scope}{number}": cost for number, (scope, cost) in enumerate(flood)}
    waiting.add("quiet", "q", cost)
    before: Counter[str] = Counter()
    while (item := waiting.pop()) != "quiet":
        before[item[0]] += cost_of[item]
    turns = math.ceil(cost / QUANTUM)
    for served in before.values():
        assert served <= turns * QUANTUM + MAX_COST


@given(backlogs, st.integers(0, 40))
def test_the_estimated_place_is_near_the_real_one(backlog: list[tuple[str, int]], already: int) -> None:
    cost_of = {f"{scope}{number}": cost for number, (scope, cost) in enumerate(backlog)}
    waiting = filled(backlog)
    gone = [waiting.pop() for _ in range(min(already, len(backlog)))]
    rest = [item for item in cost_of if item not in gone]
    estimates = {item: waiting.ahead(item) for item in rest}
    others = len({item[0] for item in rest}) - 1
    order = drained(waiting)
    for index, item in enumerate(order):
        items, cost = estimates[item]
        assert 0 <= items < len(order)
        assert cost_of[item] <= cost <= sum(cost_of[each] for each in order)
        real = sum(cost_of[each] for each in order[: index + 1])
        assert abs(real - cost) <= others * (QUANTUM + 3 * MAX_COST)


@given(backlogs)
def test_alone_in_the_queue_the_estimate_is_exact(backlog: list[tuple[str, int]]) -> None:
    waiting = filled([("a", cost) for _, cost in backlog])
    total = 0
    for index, (_, cost) in enumerate(backlog):
        total += cost
        assert waiting.ahead(f"a{index}") == (index, total)


def test_a_flood_is_served_around_the_others_and_not_before_them() -> None:
    waiting = filled([("a", 1)] * 20 + [("b", 1)])
    assert drained(waiting).index("b20") == QUANTUM


# -- effort ---------------------------------------------------------------------------------------------------------


def test_thousands_of_small_items_take_a_few_calls_each() -> None:
    waiting = DeficitRoundRobin()
    with at_most(calls=60 * 6000):
        for number in range(6000):
            waiting.add(str(number), f"scope {number % 500}", 1 + number % 4)
        drained(waiting)


def test_the_dearest_items_of_many_scopes_do_not_take_thousands_of_rounds() -> None:
    waiting = DeficitRoundRobin()
    for number in range(400):
        waiting.add(str(number), f"scope {number}", 9 * 60 * 10)
    with at_most(calls=20 * 400):
        waiting.pop()


# -- caps -----------------------------------------------------------------------------------------------------------


def caps(**changes: int) -> RequestsSettings:
    values = {
        "deadline_s": 60,
        "recover_max_age_s": 900,
        "max_outstanding": 100,
        "max_outstanding_per_scope": 100,
        "max_outstanding_per_user": 100,
        "keep_pictures_h": 1,
        "max_pictures_mb": 1,
    }
    return RequestsSettings.model_validate(values | changes)


def origin(scope: str = "guild", user: str = "user", platform: Platform = Platform.DISCORD) -> Origin:
    return Origin(platform, scope, "channel", user)


@pytest.mark.parametrize(
    ("cap", "refusal", "others"),
    [
        ("max_outstanding", Busy, []),
        ("max_outstanding_per_scope", Busy, [origin(scope="elsewhere"), origin(platform=Platform.WEB)]),
        ("max_outstanding_per_user", TooManyRequests, [origin(user="another"), origin(platform=Platform.WEB)]),
    ],
)
def test_one_more_than_the_cap_is_refused_until_one_has_finished(
    cap: str, refusal: type[Busy] | type[TooManyRequests], others: list[Origin]
) -> None:
    outstanding = Outstanding(caps(**{cap: 2}))
    for _ in range(2):
        outstanding.check(origin(), 7.0)
        outstanding.add(origin())
    with pytest.raises(refusal) as caught:
        outstanding.check(origin(), 7.0)
    assert isinstance(caught.value, Busy | TooManyRequests)
    assert caught.value.retry_after_s == 7.0
    for other in others:
        outstanding.check(other, 7.0)
    outstanding.remove(origin())
    outstanding.check(origin(), 7.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=30))
def test_when_everything_has_finished_nothing_is_counted_any_more(asked: list[tuple[str, str]]) -> None:
    outstanding = Outstanding(caps(max_outstanding=1, max_outstanding_per_scope=1, max_outstanding_per_user=1))
    origins = [origin(scope, user) for scope, user in asked]
    for one in origins:
        outstanding.add(one)
    for one in origins:
        outstanding.remove(one)
    outstanding.check(origin("a", "x"), 1.0)
