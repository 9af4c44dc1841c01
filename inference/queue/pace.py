"""How fast a worker draws: the measure behind every estimate the asker sees."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FIRST_GUESS_S_PER_COST = 0.05
MEMORY_COST = 64  # network runs after which a measurement has lost two thirds of its weight


@dataclass(eq=False, slots=True)
class Round:
    """Jobs leased together; they also end together, so only the whole of them can be timed."""

    began_at: float
    cost: int
    undrawn: int


class Pace:
    """Exponentially weighted seconds per network run of one worker, over rounds that were drawn completely."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._measured = False
        self.seconds_per_cost = FIRST_GUESS_S_PER_COST

    def begin(self, costs: Sequence[int]) -> Round:
        """A worker takes jobs of these costs."""
        return Round(self._clock(), sum(costs), len(costs))

    def drawn(self, work: Round) -> None:
        """One job of the round has its face."""
        work.undrawn -= 1
        if work.undrawn:
            return
        sample = max(0.0, self._clock() - work.began_at) / work.cost
        weight = 1 - math.exp(-work.cost / MEMORY_COST) if self._measured else 1.0
        self.seconds_per_cost += weight * (sample - self.seconds_per_cost)
        self._measured = True
