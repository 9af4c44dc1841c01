"""Who is next. Pure: no clock, no I/O, and every operation is cheap for thousands of items.

Deficit round-robin (Shreedhar & Varghese, SIGCOMM 1995) over *cost*, at two levels: scopes (servers, web visitors, …)
take turns, and in the turns of a scope its users do. With equal shares alone a flood would still slow down everybody
who needs more than a turn, so somebody with more than a few faces waiting gets what the others leave. `make fairness`
prints what a flood costs the others.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Protocol

from inference.protocol import COST_OF_RUN, Style

PLAIN_COST = COST_OF_RUN[Style.REAL]  # of one plain face
QUANTUM = PLAIN_COST  # what a scope may spend a turn, and a user of it: one plain face
MODEST_COST = 4 * PLAIN_COST  # with more than this waiting somebody is flooding; a single request never is a flood


class Lane(Protocol):
    """Items that wait in some order; a path says where among the lanes below an item belongs."""

    def __len__(self) -> int: ...

    def add(self, item_id: str, path: tuple[str, ...], cost: int) -> None: ...

    def head(self) -> tuple[str, int]: ...

    def pop(self) -> str: ...

    def remove(self, item_id: str, path: tuple[str, ...]) -> None: ...

    def costs(self) -> list[int]: ...

    def ahead(self, item_id: str, path: tuple[str, ...]) -> tuple[int, int]: ...

    def ahead_of_newcomer(self, path: tuple[str, ...], cost: int) -> tuple[int, int]: ...


class Line:
    """First come, first served."""

    def __init__(self) -> None:
        self._items: deque[tuple[str, int]] = deque()
        self.cost = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self._items)

    def add(self, item_id: str, path: tuple[str, ...], cost: int) -> None:
        self._items.append((item_id, cost))
        self.cost += cost

    def head(self) -> tuple[str, int]:
        return self._items[0]

    def pop(self) -> str:
        item_id, cost = self._items.popleft()
        self.cost -= cost
        return item_id

    def remove(self, item_id: str, path: tuple[str, ...]) -> None:
        index = self._index(item_id)
        self.cost -= self._items[index][1]
        del self._items[index]

    def costs(self) -> list[int]:
        return [cost for _, cost in self._items]

    def ahead(self, item_id: str, path: tuple[str, ...]) -> tuple[int, int]:
        index = self._index(item_id)
        return index, sum(self.costs()[: index + 1])

    def ahead_of_newcomer(self, path: tuple[str, ...], cost: int) -> tuple[int, int]:
        return len(self), self.cost + cost

    def _index(self, item_id: str) -> int:
        return next(index for index, (each, _) in enumerate(self._items) if each == item_id)


class Turns:
    """Lanes that take turns; at more than one level, each of them consists of lanes that do."""

    def __init__(self, levels: int = 1, quantum: int = QUANTUM) -> None:
        self._levels = levels
        self._quantum = quantum
        self._lanes = OrderedDict[str, Lane]()  # in turn order, the first is being served
        self._deficits: dict[str, int] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, item_id: str, path: tuple[str, ...], cost: int) -> None:
        """Behind the others of its lane; a lane that was empty joins at the end of the round."""
        name, *below = path
        if name not in self._lanes:
            self._lanes[name] = Turns(self._levels - 1, self._quantum) if self._levels > 1 else Line()
            self._deficits[name] = self._quantum
        self._lanes[name].add(item_id, tuple(below), cost)
        self._size += 1

    def head(self) -> tuple[str, int]:
        """The next item and its cost; raise KeyError when there is none."""
        if not self._size:
            raise KeyError("nothing is waiting")
        while True:
            for _ in range(len(self._lanes)):
                name, lane = next(iter(self._lanes.items()))
                item_id, cost = lane.head()
                if cost <= self._deficits[name]:
                    return item_id, cost
                self._deficits[name] += self._quantum
                self._lanes.move_to_end(name)
            self._skip_rounds()

    def pop(self) -> str:
        """Take the next item; raise KeyError when there is none."""
        _, cost = self.head()
        name, lane = next(iter(self._lanes.items()))
        self._deficits[name] -= cost
        item_id = lane.pop()
        self._shrunk(name)
        return item_id

    def remove(self, item_id: str, path: tuple[str, ...]) -> None:
        """Take out one that is there."""
        name, *below = path
        self._lanes[name].remove(item_id, tuple(below))
        self._shrunk(name)

    def costs(self) -> list[int]:
        """Of everything that waits."""
        return [cost for lane in self._lanes.values() for cost in lane.costs()]

    def ahead(self, item_id: str, path: tuple[str, ...]) -> tuple[int, int]:
        """Estimate how many items are served before this one, and the cost of all until it is served itself: in the
        time its own lane needs to get there, every other lane gets as much."""
        name, *below = path
        return self._with_others(name, self._lanes[name].ahead(item_id, tuple(below)))

    def ahead_of_newcomer(self, path: tuple[str, ...], cost: int) -> tuple[int, int]:
        """The same for an item that would be added now."""
        name, *below = path
        lane = self._lanes.get(name)
        return self._with_others(name, lane.ahead_of_newcomer(tuple(below), cost) if lane else (0, cost))

    def _with_others(self, name: str, own: tuple[int, int]) -> tuple[int, int]:
        items, cost = own
        for other, lane in self._lanes.items():
            if other != name:
                served, spent = _served_within(lane.costs(), own[1])
                items, cost = items + served, cost + spent
        return items, cost

    def _shrunk(self, name: str) -> None:
        self._size -= 1
        if not len(self._lanes[name]):
            del self._lanes[name], self._deficits[name]

    def _skip_rounds(self) -> None:
        """Grant at once the rounds in which nobody could pay: a long animation would take thousands of them."""
        missing = (lane.head()[1] - self._deficits[name] for name, lane in self._lanes.items())
        rounds = max(0, -(-min(missing) // self._quantum))
        for name in self._deficits:
            self._deficits[name] += rounds * self._quantum


def _served_within(costs: list[int], budget: int) -> tuple[int, int]:
    served = spent = 0
    for cost in costs:
        if spent + cost > budget:
            break
        served, spent = served + 1, spent + cost
    return served, spent


class FairOrder:
    """Requests in the order in which they are drawn: scopes and their users take turns, floods come after everybody."""

    def __init__(self) -> None:
        self._turns = Turns(levels=2)
        self._users: dict[tuple[str, ...], Line] = {}
        self._floods: dict[tuple[str, ...], Line] = {}  # of those users the ones with too much waiting
        self._paths: dict[str, tuple[str, ...]] = {}
        self.cost = 0
        """Of everything that waits."""

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, item_id: str, scope_id: str, user_id: str, cost: int) -> None:
        """Queue an item behind the others of its user."""
        path = self._paths[item_id] = scope_id, user_id
        line = self._users.setdefault(path, Line())
        line.add(item_id, (), cost)
        if path not in self._floods:
            self._turns.add(item_id, path, cost)
        self.cost += cost
        self._sort(path, line)

    @property
    def only_floods(self) -> bool:
        """Nobody waits but who asked for too much: the next item is of a flood."""
        return not len(self._turns)

    def head(self) -> tuple[str, int]:
        """The next item and its cost; raise KeyError when there is none."""
        if not self._paths:
            raise KeyError("nothing is waiting")
        if len(self._turns):
            return self._turns.head()
        return min(self._floods.values(), key=lambda line: line.cost).head()

    def pop(self) -> str:
        """Take the next item; raise KeyError when there is none."""
        item_id, _ = self.head()
        self.remove(item_id, taken=True)
        return item_id

    def remove(self, item_id: str, *, taken: bool = False) -> None:
        """Take an item out; one that is not there changes nothing. One that is `taken` is paid for."""
        path = self._paths.pop(item_id, None)
        if path is None:
            return
        line = self._users[path]
        if path not in self._floods:
            if taken:
                self._turns.pop()
            else:
                self._turns.remove(item_id, path)
        before = line.cost
        line.remove(item_id, ())
        self.cost += line.cost - before
        self._sort(path, line)

    def ahead(self, item_id: str) -> tuple[int, int]:
        """As `Turns.ahead`; before those of a flood all others."""
        path = self._paths[item_id]
        if path not in self._floods:
            return self._turns.ahead(item_id, path)
        items, cost = self._floods[path].ahead(item_id, ())
        return items + len(self._turns), cost + self.cost - sum(line.cost for line in self._floods.values())

    def ahead_of_newcomer(self, scope_id: str, user_id: str, cost: int) -> tuple[int, int]:
        """As `Turns.ahead_of_newcomer`."""
        return self._turns.ahead_of_newcomer((scope_id, user_id), cost)

    def _sort(self, path: tuple[str, ...], line: Line) -> None:
        """Among the floods or not, or nowhere when nothing is left."""
        if not len(line):
            del self._users[path]
        floods = len(line) > 1 and line.cost > MODEST_COST
        if floods and path not in self._floods:
            self._floods[path] = line
            for item_id, _ in line:
                self._turns.remove(item_id, path)
        elif not floods and path in self._floods:
            del self._floods[path]
            for item_id, cost in line:
                self._turns.add(item_id, path, cost)


class HandedOn:
    """What has left the fair order for the queue, where it is first come, first served: about two batches of plain
    faces, but one of long animations, so that whoever comes now does not wait for many of them; half as much where it
    would be of a flood. Of a slow worker, for whom a batch gains nothing, it is one, or no more than takes `enough_s`;
    `seconds_per_cost` says how slow it is. All this is for each of the `workers`."""

    def __init__(
        self,
        most: int,
        seconds_per_cost: Callable[[], float] = lambda: 0.0,
        enough_s: float = math.inf,
        workers: Callable[[], int] = lambda: 1,
    ) -> None:
        self._most = most
        self._seconds_per_cost = seconds_per_cost
        self._enough_s = enough_s
        self._workers = workers
        self._costs: dict[str, int] = {}
        self._cost = 0

    def __len__(self) -> int:
        return len(self._costs)

    def has_room(self, *, of_flood: bool) -> bool:
        """Whether the next one may follow."""
        workers = self._workers()
        if len(self._costs) < workers:
            return True
        most = (self._most // 2 if of_flood else self._most) * workers
        is_short = self._cost * self._seconds_per_cost() < self._enough_s
        return is_short and len(self._costs) < most and self._cost < most * PLAIN_COST

    def add(self, item_id: str, cost: int) -> None:
        self._costs[item_id] = cost
        self._cost += cost

    def remove(self, item_id: str) -> None:
        """One that is not there changes nothing."""
        self._cost -= self._costs.pop(item_id, 0)
