"""Who is next: taking turns alone, then servers with users and floods among them."""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fairness import MODEST_COST, PLAIN_COST, QUANTUM, FairOrder, HandedOn, Turns
from tests.bench.fairness import BATCH_COST, FLOODS, SPAN, ArrivalOrder, effect, flood, usual_day

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


# -- servers, their users, and floods -------------------------------------------------------------------------------

asks = st.lists(st.tuples(scopes, st.sampled_from("xyz"), st.integers(1, MAX_COST)), max_size=40)


def ordered(backlog: list[tuple[str, str, int]]) -> FairOrder:
    order = FairOrder()
    for number, (scope, user, cost) in enumerate(backlog):
        order.add(f"{scope}{user}{number}", scope, user, cost)
    return order


def served(order: FairOrder) -> list[str]:
    return [order.pop() for _ in range(len(order))]


@given(asks, st.data())
def test_nothing_is_lost_and_everybody_keeps_their_order(
    backlog: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    order = ordered(backlog)
    names = [f"{scope}{user}{number}" for number, (scope, user, _) in enumerate(backlog)]
    for name in data.draw(st.lists(st.sampled_from(names), unique=True)) if names else []:
        order.remove(name)
        names.remove(name)
    order.remove("never there")
    assert order.cost == sum(backlog[int(name[2:])][2] for name in names)
    out = served(order)
    assert sorted(out) == sorted(names)
    assert order.cost == 0
    for person in {name[:2] for name in names}:
        assert [name for name in out if name[:2] == person] == [name for name in names if name[:2] == person]


@given(asks)
def test_nobody_who_is_modest_waits_for_a_flood(backlog: list[tuple[str, str, int]]) -> None:
    order = ordered(backlog)
    left: dict[str, list[int]] = defaultdict(list)
    for scope, user, cost in backlog:
        left[scope + user].append(cost)
    while len(order):
        floods = {person for person, costs in left.items() if len(costs) > 1 and sum(costs) > MODEST_COST}
        person = order.pop()[:2]
        assert person not in floods or all(other in floods for other, costs in left.items() if costs)
        left[person].pop(0)


@given(asks)
def test_between_two_floods_the_smaller_one_is_over_first(backlog: list[tuple[str, str, int]]) -> None:
    order = ordered([("a", "x", MODEST_COST)] * 3 + [("b", "y", MODEST_COST)] * 2)
    for number, (_, _, cost) in enumerate(backlog):
        order.add(f"ax{100 + number}", "a", "x", cost)
    assert [name[:2] for name in served(order)][:2] == ["by", "by"]


def test_a_flood_of_one_user_does_not_hold_up_the_same_server() -> None:
    order = ordered([("a", "x", PLAIN_COST)] * 1000 + [("a", "y", PLAIN_COST)])
    assert served(order)[0] == "ay1000"


def test_users_of_one_server_take_turns() -> None:
    order = ordered([("a", "x", PLAIN_COST)] * 4 + [("a", "y", PLAIN_COST)] * 4 + [("b", "z", PLAIN_COST)] * 4)
    assert "".join(name[:2] for name in served(order)) == "axbzaybz" * 2 + "axay" * 2


@given(asks, scopes, st.sampled_from("xyz"), st.integers(1, MAX_COST))
def test_whoever_asks_next_is_told_about_where_they_will_stand(
    backlog: list[tuple[str, str, int]], scope: str, user: str, cost: int
) -> None:
    order = ordered(backlog)
    items, ahead = order.ahead_of_newcomer(scope, user, cost)
    assert 0 <= items <= len(order)
    assert cost <= ahead <= order.cost + cost
    for name in (f"{scope}{user}{number}" for number, (scope, user, _) in enumerate(backlog)):
        items, ahead = order.ahead(name)
        assert 0 <= items < len(order)
        assert backlog[int(name[2:])][2] <= ahead <= order.cost


def test_two_batches_of_plain_faces_are_handed_on_but_one_long_animation() -> None:
    for cost, fits in ((PLAIN_COST, 16), (60 * PLAIN_COST, 1), (3 * PLAIN_COST, 6)):
        handed_on = HandedOn(16)
        while handed_on.has_room(of_flood=False):
            handed_on.add(f"job {len(handed_on)}", cost)
        assert len(handed_on) == fits
        handed_on.remove("another job")
        assert not handed_on.has_room(of_flood=False)
        handed_on.remove("job 0")
        assert handed_on.has_room(of_flood=False)


def test_a_slow_worker_is_handed_one_face_at_a_time() -> None:
    for seconds_a_face, fits in ((0.5, 1), (0.03, 1), (0.012, 3), (0.0001, 16)):
        handed_on = HandedOn(16, lambda seconds=seconds_a_face: seconds / PLAIN_COST, 0.03)  # type: ignore[misc]
        while handed_on.has_room(of_flood=False):
            handed_on.add(f"job {len(handed_on)}", PLAIN_COST)
        assert len(handed_on) == fits


def test_thousands_of_users_take_a_few_calls_each() -> None:
    order = FairOrder()
    with at_most(calls=150 * 4000):
        for number in range(4000):
            order.add(str(number), f"scope {number % 200}", f"user {number % 1500}", 1 + number % 4)
        served(order)


def test_of_a_flood_half_as_much_is_handed_on() -> None:
    handed_on = HandedOn(16)
    while handed_on.has_room(of_flood=True):
        handed_on.add(f"job {len(handed_on)}", PLAIN_COST)
    assert len(handed_on) == 8
    assert handed_on.has_room(of_flood=False)


@pytest.mark.parametrize("load", [0.3, 0.8])
@pytest.mark.parametrize("kind", [kind for kind, (*_, cost) in FLOODS.items() if cost == PLAIN_COST])
def test_on_a_day_of_thousands_of_users_a_flood_never_holds_anybody_up_for_more_than_two_batches(
    kind: str, load: float
) -> None:
    scope_id, users, cost = FLOODS[kind]
    usual = usual_day(Random(6), servers=400, users=5000, load=load, until=SPAN)
    flooding = flood(Random(6), 2000, scope_id, users, cost=cost)
    assert effect(usual, flooding, ArrivalOrder).in_the_way > 200
    assert effect(usual, flooding, FairOrder).in_the_way <= 2


def test_a_flood_of_animations_holds_others_up_for_the_one_that_is_drawn_and_the_last_of_a_user() -> None:
    """What is begun is finished, and a single request is never a flood."""
    scope_id, users, cost = FLOODS["a server of 50, animations"]
    usual = usual_day(Random(6), servers=400, users=5000, load=0.6, until=SPAN)
    flooding = flood(Random(6), 2000 * PLAIN_COST // cost, scope_id, users, cost=cost)
    assert effect(usual, flooding, FairOrder).in_the_way <= 2 * cost / BATCH_COST
