"""Who is next: servers with users, and floods among them."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fairness import MODEST_COST, FairOrder, HandedOn
from bot.turns import PLAIN_COST, QUANTUM
from tests.bench.fairness import BATCH_COST, FLOODS, SPAN, ArrivalOrder, effect, flood, usual_day
from tests.calls import at_most

MAX_COST = 3 * QUANTUM
scopes = st.sampled_from("abcde")

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


def test_thousands_of_floods_take_a_few_calls_each() -> None:
    order = FairOrder()
    items = [(f"{user}-{number}", str(user)) for user in range(1000) for number in range(6)]
    with at_most(calls=120 * len(items)):
        for item, user in items:
            order.add(item, "server", user, PLAIN_COST)
        while len(order):
            order.pop()


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
