"""`make fairness`: what a flood costs the others, simulated with thousands of users.

PYTHONPATH=tests:. python -m tests.bench.fairness

Every row is the same day twice, once with the flood and once without. "In the way" is the longest that anybody else's
face waited for the flood's: from asking on, until it was drawn itself. "Later" is how much later the others' faces
came, which may be more: of a worker that is busy four fifths of its time, whoever is a little late meets what others
asked for meanwhile, animations among them. Caps and cooldowns, which keep most of a flood out, are not simulated: this
is what the order alone does. Batches are of eight plain faces; an animation of sixty frames takes seven and a half.
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from bot.fairness import FairOrder, HandedOn
from bot.turns import PLAIN_COST
from tests.printing import print_line

MAX_BATCH = 8
BATCH_COST = MAX_BATCH * PLAIN_COST
SPAN = 50_000.0  # of a day, in units of cost
LOADS = (0.3, 0.6, 0.8)
SHARES = (0.5, 0.99, 0.999, 1.0)
HEAD = ("in the way", "half", "99 %", "99.9 %", "every", "half", "99.9 %")
_CROWD = [f"flooder {n}" for n in range(50)]
FLOODS = {  # the scope, its users, the cost of each
    "a server of 50, plain faces": ("flooded", _CROWD, PLAIN_COST),
    "a user of the largest server": ("server 0", _CROWD[:1], PLAIN_COST),
    "a server of 50, animations": ("flooded", _CROWD, 60 * PLAIN_COST),
}
KINDS = (
    (0.85, (1, 1)),
    (0.97, (2, 9)),
    (1.0, (10, 60)),
)  # up to this share of all: plain, several or rounds, animations


@dataclass(frozen=True, slots=True)
class Ask:
    """`at` in units of cost: the worker does one a moment."""

    at: float
    name: str
    scope_id: str
    user_id: str
    cost: int
    of_flood: bool = False


class Order(Protocol):
    """Whatever decides who is next."""

    @property
    def only_floods(self) -> bool: ...

    def __len__(self) -> int: ...

    def add(self, item_id: str, scope_id: str, user_id: str, cost: int) -> None: ...

    def head(self) -> tuple[str, int]: ...

    def pop(self) -> str: ...


class ArrivalOrder:
    """First come, first served: what there would be without fairness."""

    only_floods = False

    def __init__(self) -> None:
        self._items: deque[tuple[str, int]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item_id: str, scope_id: str, user_id: str, cost: int) -> None:
        self._items.append((item_id, cost))

    def head(self) -> tuple[str, int]:
        return self._items[0]

    def pop(self) -> str:
        return self._items.popleft()[0]


class Day:
    """One worker that draws what lies in the queue, at most a batch at once; each asker has one request at a time, as
    the cap for people wants it, but for those of the flood."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._handed_on = HandedOn(2 * MAX_BATCH - 1)
        self._queue: deque[Ask] = deque()
        self._asked: dict[str, Ask] = {}
        self._waiting: set[str] = set()
        self._began_at: list[float] = []  # of the flood's faces, in order
        self._drawn_before: list[float] = [0.0]  # of the flood, in units of cost, before each of these and after all

    def done(self, asks: Iterable[Ask]) -> dict[str, float]:
        """When each was drawn; who has one waiting is refused another and not in here."""
        coming, done, now = deque(sorted(asks, key=lambda ask: ask.at)), dict[str, float](), 0.0
        while coming or self._queue:
            if not self._queue:
                now = max(now, coming[0].at)
                self._ask(coming.popleft())
            batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
            until = now + sum(ask.cost for ask in batch)
            while coming and coming[0].at <= until:  # they ask while it draws
                self._ask(coming.popleft())
            for ask in batch:
                if ask.of_flood:
                    self._began_at.append(now)
                    self._drawn_before.append(self._drawn_before[-1] + ask.cost)
                done[ask.name] = now = now + ask.cost
                self._waiting.discard(ask.user_id)
                self._handed_on.remove(ask.name)
            self._hand_on()
        return done

    def flood_between(self, since: float, until: float) -> float:
        """How much of the flood was drawn between these moments of the day, in batches."""
        return (self._flood_before(until) - self._flood_before(since)) / BATCH_COST

    def _flood_before(self, moment: float) -> float:
        begun = bisect_right(self._began_at, moment)
        if not begun:
            return 0.0
        whole, latest = self._drawn_before[begun - 1], self._drawn_before[begun] - self._drawn_before[begun - 1]
        return whole + min(latest, moment - self._began_at[begun - 1])

    def _ask(self, ask: Ask) -> None:
        if ask.user_id in self._waiting and not ask.of_flood:
            return
        self._waiting.add(ask.user_id)
        self._asked[ask.name] = ask
        self._order.add(ask.name, ask.scope_id, ask.user_id, ask.cost)
        self._hand_on()

    def _hand_on(self) -> None:
        while len(self._order) and self._handed_on.has_room(of_flood=self._order.only_floods):
            name, cost = self._order.head()
            self._order.pop()
            self._handed_on.add(name, cost)
            self._queue.append(self._asked.pop(name))


def usual_day(draw: Random, *, servers: int, users: int, load: float, until: float) -> list[Ask]:
    """Servers of very different sizes; who asks, asks for something plain mostly."""
    sizes = [1 / (rank + 1) for rank in range(servers)]
    homes = draw.choices(range(servers), sizes, k=users)
    mean_cost = sum(_cost(draw) for _ in range(20_000)) / 20_000
    asks, at = list[Ask](), 0.0
    while (at := at + draw.expovariate(load / mean_cost)) < until:
        user = draw.randrange(users)
        asks.append(Ask(at, f"{len(asks)}", f"server {homes[user]}", f"user {user}", _cost(draw)))
    return asks


def flood(draw: Random, size: int, scope_id: str, users: Sequence[str], *, cost: int) -> list[Ask]:
    """All at once, or nearly, a quarter into the day."""
    return [
        Ask(SPAN / 4 + n / 100, f"flood {n}", scope_id, draw.choice(users), cost, of_flood=True) for n in range(size)
    ]


def _cost(draw: Random) -> int:
    chance = draw.random()
    low, high = next(span for share, span in KINDS if chance <= share)
    return draw.randint(low, high) * PLAIN_COST


@dataclass(frozen=True, slots=True)
class Effect:
    """Of a flood on everybody else, in batches: how much of it was drawn while somebody waited, at most; and by how
    much the faces came later, the least first."""

    in_the_way: float
    plain: list[float]
    others: list[float]


def effect(usual: Sequence[Ask], flooding: Sequence[Ask], order: Callable[[], Order]) -> Effect:
    """Simulate the day with the flood and without."""
    day = Day(order())
    calm, wild = Day(order()).done(usual), day.done([*usual, *flooding])
    both = [ask for ask in usual if ask.name in calm and ask.name in wild]
    late = [(ask.cost == PLAIN_COST, (wild[ask.name] - calm[ask.name]) / BATCH_COST) for ask in both]
    plain, others = ([by for is_plain, by in late if is_plain is wanted] for wanted in (True, False))
    in_the_way = max(day.flood_between(ask.at, wild[ask.name]) for ask in both)
    return Effect(in_the_way, sorted(plain), sorted(others))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="make fairness", description=__doc__)
    parser.add_argument("--users", type=int, default=5000, help="(%(default)s)")
    parser.add_argument("--servers", type=int, default=400, help="(%(default)s)")
    parser.add_argument("--size", type=int, default=2000, help="plain faces in a flood, or as much (%(default)s)")
    parser.add_argument("--seed", type=int, default=6, help="(%(default)s)")
    given = parser.parse_args()
    print_line(f"{'in batches':<45}{'of the flood':>10}{'plain faces later by':^40}{'others later by':^20}")
    print_line("load  flood                          order   " + "".join(f"{name:>10}" for name in HEAD))
    for load in LOADS:
        usual = usual_day(Random(given.seed), servers=given.servers, users=given.users, load=load, until=SPAN)
        for kind, (scope_id, users, cost) in FLOODS.items():
            flooding = flood(Random(given.seed), given.size * PLAIN_COST // cost, scope_id, users, cost=cost)
            for name, order in (("arrival", ArrivalOrder), ("fair", FairOrder)):
                found = effect(usual, flooding, order)
                late = [*(part(found.plain, share) for share in SHARES)]
                late += [part(found.others, share) for share in SHARES[:3:2]]
                print_line(
                    f"{load:<6}{kind:<31}{name:<8}" + "".join(f"{each:>10.1f}" for each in (found.in_the_way, *late))
                )
    return 0


def part(late: Sequence[float], share: float) -> float:
    """What this share of them is not later than."""
    return late[min(len(late) - 1, int(share * len(late)))]


if __name__ == "__main__":
    sys.exit(main())
