"""Who is next: lanes that take turns."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.turns import QUANTUM, Turns
from tests.calls import at_most

MAX_COST = 3 * QUANTUM
scopes = st.sampled_from("abcde")
costs = st.integers(1, MAX_COST)
backlogs = st.lists(st.tuples(scopes, costs), max_size=40)
backlogged_pairs = st.lists(st.tuples(st.sampled_from("abc"), costs), min_size=2, max_size=60)


def filled(backlog: list[tuple[str, int]]) -> Turns:
    waiting = Turns()
    for number, (scope, cost) in enumerate(backlog):
        waiting.add(f"{scope}{number}", (scope,), cost)
    return waiting


def drained(waiting: Turns) -> list[str]:
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
    waiting = Turns()
    there: list[str] = []
    for number in range(data.draw(st.integers(0, 40))):
        step = data.draw(st.sampled_from(["add", "add", "pop", "remove"]))
        if step == "add":
            scope = data.draw(scopes)
            waiting.add(f"{scope}{number}", (scope,), data.draw(costs))
            there.append(f"{scope}{number}")
        elif step == "pop" and there:
            served = waiting.pop()
            assert served == next(item for item in there if item[0] == served[0])
            there.remove(served)
        elif step == "remove" and there:
            gone = data.draw(st.sampled_from(there))
            waiting.remove(gone, (gone[0],))
            there.remove(gone)
        assert len(waiting) == len(there)
    assert sorted(drained(waiting)) == sorted(there)


def test_nothing_waiting_is_an_error() -> None:
    waiting = filled([("a", 1)])
    waiting.pop()
    with pytest.raises(KeyError):
        waiting.pop()


@given(backlogs, scopes, costs)
def test_a_newcomers_estimate_is_what_it_is_once_it_waits(
    backlog: list[tuple[str, int]], scope: str, cost: int
) -> None:
    waiting = filled(backlog)
    estimate = waiting.ahead_of_newcomer((scope,), cost)
    waiting.add("new", (scope,), cost)
    assert waiting.ahead("new", (scope,)) == estimate


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
    waiting.add("quiet", ("q",), cost)
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
    estimates = {item: waiting.ahead(item, (item[0],)) for item in rest}
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
        assert waiting.ahead(f"a{index}", ("a",)) == (index, total)


def test_a_flood_is_served_around_the_others_and_not_before_them() -> None:
    waiting = filled([("a", 1)] * 20 + [("b", 1)])
    assert drained(waiting).index("b20") == QUANTUM


# -- effort ---------------------------------------------------------------------------------------------------------


def test_thousands_of_small_items_take_a_few_calls_each() -> None:
    waiting = Turns()
    with at_most(calls=60 * 6000):
        for number in range(6000):
            waiting.add(str(number), (f"scope {number % 500}",), 1 + number % 4)
        drained(waiting)


def test_the_dearest_items_of_many_scopes_do_not_take_thousands_of_rounds() -> None:
    waiting = Turns()
    for number in range(400):
        waiting.add(str(number), (f"scope {number}",), 9 * 60 * 10)
    with at_most(calls=20 * 400):
        waiting.pop()
