from __future__ import annotations

from random import Random

from bot.fairness import FairOrder
from tests.bench.fairness import ArrivalOrder, part
from tests.bench.many_servers import Waits, World, asked, waits


def played(order: ArrivalOrder | FairOrder, cached: int = 0, seed: int = 9) -> Waits:
    world = World(workers=2, faces_per_s=60, load=0.5, lasting_s=30, cached=cached)
    return waits(world, asked(world, Random(seed)), order)


def test_a_seed_is_a_day() -> None:
    assert played(FairOrder()) == played(FairOrder())
    assert played(FairOrder()) != played(FairOrder(), seed=10)


def test_a_raid_of_one_server_makes_the_others_wait_less_where_the_order_is_fair() -> None:
    fair, arrival = played(FairOrder()), played(ArrivalOrder())
    assert part(fair.others, 0.99) < part(arrival.others, 0.99) / 2
    assert len(fair.others) == len(arrival.others)


def test_faces_that_are_there_already_are_answered_at_once() -> None:
    assert played(FairOrder()).reused == 0
    assert played(FairOrder(), cached=2000).reused > 0.2
    assert sum(played(FairOrder(), cached=2000).others) < sum(played(FairOrder()).others)
