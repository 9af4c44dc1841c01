"""What there is to tell about a server."""

from __future__ import annotations

from dataclasses import dataclass

from bot.stats.plotter import Plotter
from bot.store.activity import ActivityStore
from bot.store.guesses import GuessStore


@dataclass(frozen=True, slots=True)
class Records:
    """Where it is read, and who draws it."""

    activity: ActivityStore
    guesses: GuessStore
    plotter: Plotter
