"""Who is next. Pure: no clock, no I/O, and every operation is cheap for thousands of items.

Scopes (servers, web visitors, …) take turns, and in the turns of a scope its users do. With equal shares alone a flood
would still slow down everybody who needs more than a turn, so somebody with more than a few faces waiting gets what the
others leave. `make fairness` prints what a flood costs the others.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from itertools import count

from bot.turns import PLAIN_COST, Line, Turns

MODEST_COST = 4 * PLAIN_COST  # with more than this waiting somebody is flooding; a single request never is a flood
FEW = 64  # outdated entries that nobody minds


class Floods:
    """Lines of those with too much waiting; the one with the least is found without looking at all of them."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], tuple[int, Line]] = {}  # with a number: of equals the first comes first
        self._numbers = count()
        self._by_cost: list[tuple[int, int, tuple[str, ...]]] = []  # a heap; where the cost is not the line's, outdated

    def __contains__(self, path: tuple[str, ...]) -> bool:
        return path in self._lines

    def __getitem__(self, path: tuple[str, ...]) -> Line:
        return self._lines[path][1]

    @property
    def cost(self) -> int:
        """Of all of them."""
        return sum(line.cost for _, line in self._lines.values())

    def least(self) -> Line:
        """The one with the least cost; there must be one."""
        while True:
            cost, number, path = self._by_cost[0]
            if path in self._lines and self._entry(path) == (cost, number, path):
                return self[path]
            heapq.heappop(self._by_cost)

    def put(self, path: tuple[str, ...], line: Line) -> None:
        """A new one, or one whose cost has changed."""
        if path not in self._lines:
            self._lines[path] = next(self._numbers), line
        heapq.heappush(self._by_cost, self._entry(path))
        if len(self._by_cost) > 2 * len(self._lines) + FEW:
            self._by_cost = sorted(map(self._entry, self._lines))

    def remove(self, path: tuple[str, ...]) -> None:
        """One that is there."""
        del self._lines[path]

    def _entry(self, path: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
        number, line = self._lines[path]
        return line.cost, number, path


class FairOrder:
    """Requests in the order in which they are drawn: scopes and their users take turns, floods come after everybody."""

    def __init__(self) -> None:
        self._turns = Turns(levels=2)
        self._users: dict[tuple[str, ...], Line] = {}
        self._floods = Floods()  # of those users the ones with too much waiting
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
        return self._floods.least().head()

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
        return items + len(self._turns), cost + self.cost - self._floods.cost

    def ahead_of_newcomer(self, scope_id: str, user_id: str, cost: int) -> tuple[int, int]:
        """As `Turns.ahead_of_newcomer`."""
        return self._turns.ahead_of_newcomer((scope_id, user_id), cost)

    def _sort(self, path: tuple[str, ...], line: Line) -> None:
        """Among the floods or not, or nowhere when nothing is left."""
        if not len(line):
            del self._users[path]
        floods = len(line) > 1 and line.cost > MODEST_COST
        flooded = path in self._floods
        if floods:
            self._floods.put(path, line)
        if floods and not flooded:
            for item_id, _ in line:
                self._turns.remove(item_id, path)
        elif flooded and not floods:
            self._floods.remove(path)
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
