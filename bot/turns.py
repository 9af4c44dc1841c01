"""Who is next of those who take turns. Pure: no clock, no I/O, and every operation is cheap for thousands of items.

Deficit round-robin (Shreedhar & Varghese, SIGCOMM 1995) over *cost*, at one or more levels.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Protocol

from inference.protocol import COST_OF_RUN, Style

PLAIN_COST = COST_OF_RUN[Style.REAL]  # of one plain face
QUANTUM = PLAIN_COST  # what a lane may spend a turn: one plain face


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
