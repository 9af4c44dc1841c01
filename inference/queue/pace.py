"""How fast a worker draws: the measure behind every estimate the asker sees."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FIRST_GUESS_S_PER_COST = 0.01
ENOUGH_S = 0.03
"""A batch that takes so long is large enough: it gains nothing from more jobs, and whoever comes next waits for it."""
MEMORY_COST = 320  # after which a measurement has lost two thirds of its weight


@dataclass(eq=False, slots=True)
class Round:
    """Jobs leased together; they also end together, so only the whole of them can be timed."""

    began_at: float
    cost: int
    undrawn: int


class Pace:
    """Exponentially weighted seconds per unit of cost of one worker, over rounds that were drawn completely.

    A measurement weighs by its cost, the first one, too: that is a single face drawn cold, mostly overhead.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds_per_cost = FIRST_GUESS_S_PER_COST
        self._latest = 0.0

    def takes_s(self, cost: int) -> float:
        """How long jobs of this cost take, going by the latest round alone; 0 before there was one."""
        return cost * self._latest

    def begin(self, costs: Sequence[int]) -> Round:
        """A worker takes jobs of these costs."""
        return Round(self._clock(), sum(costs), len(costs))

    def drawn(self, work: Round) -> None:
        """One job of the round has its face."""
        work.undrawn -= 1
        if work.undrawn:
            return
        sample = max(0.0, self._clock() - work.began_at) / work.cost
        self._latest = sample
        weight = 1 - math.exp(-work.cost / MEMORY_COST)
        self.seconds_per_cost += weight * (sample - self.seconds_per_cost)
