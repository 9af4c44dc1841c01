"""`python -m tests.bench.many_servers`: 100,000 servers on N workers, simulated: who waits for how long.

Servers differ as they do in life: the largest asks a hundred thousand times as often as the smallest. Emotes do, too,
so that many faces are there already. In the middle of the time the largest server has a raid. The order is the
program's own (`bot.fairness`), beside first come, first served; the cache forgets the oldest and its faces after their
time, as the program's does. Not simulated: pictures that must be fetched, Discord's own limits, and the caps of people
and servers, which keep most of a raid out.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from bot.fairness import FairOrder, HandedOn
from bot.turns import PLAIN_COST
from tests.bench.fairness import KINDS, MAX_BATCH, ArrivalOrder, Ask, Order, part
from tests.printing import print_line

SERVERS, EMOTES = 100_000, 50_000
EMOTE_SKEW = 1.0  # of Zipf's law: how much more often the first is asked for than the second
RAID_SHARE = 3.0  # of what all workers can draw, from one server
RAID_S = 10.0
SHARES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class World:
    """`load` is what is asked for, of what `workers` can draw of `faces_per_s` each. The cache holds `cached` faces."""

    workers: int
    faces_per_s: float
    load: float
    lasting_s: float
    cached: int
    cache_ttl_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Waits:
    """In seconds, shortest first: of everybody but the raided server, and of the smaller half of the servers."""

    others: list[float]
    small: list[float]
    reused: float


def asked(world: World, draw: Random) -> Iterator[tuple[Ask, int]]:
    """In time; each with its emote."""
    servers = list(accumulate(1 / (rank + 1) for rank in range(SERVERS)))
    emotes = list(accumulate(1 / (rank + 1) ** EMOTE_SKEW for rank in range(EMOTES)))
    capacity = world.workers * world.faces_per_s
    usual, raid = capacity * world.load / _mean_faces(draw), capacity * RAID_SHARE
    at, number = 0.0, 0
    raid_from = world.lasting_s / 2
    while at < world.lasting_s:
        in_raid = raid_from <= at < raid_from + RAID_S
        at += draw.expovariate(usual + (raid if in_raid else 0))
        of_raid = in_raid and draw.random() < raid / (raid + usual)
        server = 0 if of_raid else draw.choices(range(SERVERS), cum_weights=servers)[0]
        user = f"{server}:{draw.randrange(10 + SERVERS // (10 * (server + 1)))}"
        emote = draw.choices(range(EMOTES), cum_weights=emotes)[0]
        cost = PLAIN_COST if of_raid else _faces(draw) * PLAIN_COST
        yield Ask(at, str(number), str(server), user, cost, of_raid), emote
        number += 1


def waits(world: World, asks: Iterable[tuple[Ask, int]], order: Order) -> Waits:
    """Play it through."""
    bench = _Bench(world, order)
    found: list[tuple[Ask, float]] = []
    total = reused = 0
    cache = _Cache(world.cached, world.cache_ttl_s)
    for ask, emote in asks:
        found += bench.done_by(ask.at)
        total += 1
        if cache.has((emote, ask.cost), ask.at):
            reused += 1
            found.append((ask, 0.0))
            continue
        bench.ask(ask)
        cache.add((emote, ask.cost), ask.at)
    found += bench.done_by(float("inf"))
    others = sorted(wait for ask, wait in found if ask.scope_id != "0")
    small = sorted(wait for ask, wait in found if int(ask.scope_id) >= SERVERS // 2)
    return Waits(others, small, reused / total)


class _Cache:
    """Of the last faces, each for its time. One that is being drawn counts: who asks for it then joins."""

    def __init__(self, size: int, ttl_s: float) -> None:
        self._size, self._ttl_s = size, ttl_s
        self._made_at: OrderedDict[tuple[int, int], float] = OrderedDict()

    def has(self, key: tuple[int, int], now: float) -> bool:
        return now - self._made_at.get(key, -self._ttl_s) < self._ttl_s

    def add(self, key: tuple[int, int], now: float) -> None:
        if not self._size:
            return
        self._made_at[key] = now
        self._made_at.move_to_end(key)
        if len(self._made_at) > self._size:
            self._made_at.popitem(last=False)


class _Bench:
    """The workers, each with a batch at a time."""

    def __init__(self, world: World, order: Order) -> None:
        self._s_per_cost = 1 / (world.faces_per_s * PLAIN_COST)
        self._order = order
        self._handed_on = HandedOn(2 * MAX_BATCH * world.workers - 1)
        self._idle = world.workers
        self._busy: list[tuple[float, int, list[Ask]]] = []
        self._batches = 0
        self._queue: deque[Ask] = deque()
        self._asked: dict[str, Ask] = {}

    def ask(self, ask: Ask) -> None:
        self._asked[ask.name] = ask
        self._order.add(ask.name, ask.scope_id, ask.user_id, ask.cost)
        self._go_on(ask.at)

    def done_by(self, until: float) -> list[tuple[Ask, float]]:
        """What has been drawn by then, with how long it took from asking."""
        done = []
        while self._busy and self._busy[0][0] <= until:
            now, _, batch = heapq.heappop(self._busy)
            self._idle += 1
            for ask in batch:
                self._handed_on.remove(ask.name)
                done.append((ask, now - ask.at))
            self._go_on(now)
        return done

    def _go_on(self, now: float) -> None:
        while len(self._order) and self._handed_on.has_room(of_flood=self._order.only_floods):
            name, cost = self._order.head()
            self._order.pop()
            self._handed_on.add(name, cost)
            self._queue.append(self._asked.pop(name))
        while self._idle and self._queue:
            batch = [self._queue.popleft() for _ in range(min(MAX_BATCH, len(self._queue)))]
            self._idle -= 1
            self._batches += 1
            lasting_s = sum(ask.cost for ask in batch) * self._s_per_cost
            heapq.heappush(self._busy, (now + lasting_s, self._batches, batch))


def _faces(draw: Random) -> int:
    chance = draw.random()
    low, high = next(span for share, span in KINDS if chance <= share)
    return draw.randint(low, high)


def _mean_faces(draw: Random) -> float:
    return sum(_faces(draw) for _ in range(20_000)) / 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.many_servers", description=__doc__)
    parser.add_argument("--faces-per-s", type=float, default=60.0, help="plain faces of one worker (%(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10, 100], help="(%(default)s)")
    parser.add_argument("--loads", type=float, nargs="+", default=[0.5, 0.9, 1.3], help="(%(default)s)")
    parser.add_argument("--cached", type=int, nargs="+", default=[0, 2000], help="faces (%(default)s)")
    parser.add_argument("--lasting-s", type=float, default=120.0, help="with the raid in the middle (%(default)s)")
    parser.add_argument("--seed", type=int, default=9, help="(%(default)s)")
    given = parser.parse_args(arguments)
    columns = "".join(f"{f'{share:.1%}':>9}" for share in SHARES)
    print_line(f"{'':<38}{'everybody else waits, s':^36}{'small servers wait, s':^36}")
    print_line(f"workers  load  cache  order    reused {columns}{columns}")
    for workers in given.workers:
        for load in given.loads:
            for cached in given.cached:
                world = World(workers, given.faces_per_s, load, given.lasting_s, cached)
                for name, order in _ORDERS.items():
                    found = waits(world, asked(world, Random(given.seed)), order())
                    line = [part(each, share) for each in (found.others, found.small) for share in SHARES]
                    numbers = "".join(f"{wait:>9.2f}" for wait in line)
                    print_line(f"{workers:<9}{load:<6}{cached:<7}{name:<9}{found.reused:<7.0%}{numbers}")
    return 0


_ORDERS: dict[str, Callable[[], Order]] = {"arrival": ArrivalOrder, "fair": FairOrder}


if __name__ == "__main__":
    began = time.perf_counter()
    code = main()
    print_line(f"took {time.perf_counter() - began:.0f} s")
    sys.exit(code)
