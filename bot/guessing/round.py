"""One round, and its rules. Pure: what happens at which time, never when that is.

A round is drawing (its face is not posted yet), then open until somebody wins or time is up. Dropped is one whose face
never came. Decided ones are over for the players, and done once what they showed is shown everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bot.guessing.names import is_right
from bot.models import Emote, Origin
from bot.texts import SOURCE_LOCALE

HINT_AFTER = 0.5  # of a round's time
EARLY_POINTS, LATE_POINTS = 2, 1  # before the hint, and with it


class RoundState(StrEnum):
    """drawing → open → won | missed; drawing → dropped."""

    DRAWING = "drawing"
    OPEN = "open"
    WON = "won"
    MISSED = "missed"
    DROPPED = "dropped"

    @property
    def is_decided(self) -> bool:
        return self in {RoundState.WON, RoundState.MISSED}


class Step(StrEnum):
    """What is due in a round."""

    HINT = "hint"
    END = "end"


@dataclass(frozen=True, slots=True)
class GuessRound:
    """`origin` is who wanted it. `answers` are the plain forms that win. `mask` names the picture's file; neither it
    nor the id says anything about the emote. Times are Unix seconds."""

    id: str
    origin: Origin
    emote: Emote
    answers: frozenset[str] = field(repr=False)
    mask: str
    made_at: float
    locale: str = SOURCE_LOCALE
    state: RoundState = RoundState.DRAWING
    request_id: str | None = None
    message_ref: str | None = None
    opened_at: float | None = None
    ends_at: float | None = None
    winner_id: str | None = None
    decided_at: float | None = None
    revealed: bool = False

    @property
    def hint_at(self) -> float | None:
        """When the players are helped."""
        if self.opened_at is None or self.ends_at is None:
            return None
        return self.opened_at + HINT_AFTER * (self.ends_at - self.opened_at)

    def takes(self, guess: str, now: float) -> bool:
        """Whether the guess is right, and in time."""
        return self.is_running(now) and is_right(guess, self.answers)

    def is_running(self, now: float) -> bool:
        """Guesses count."""
        return self.state is RoundState.OPEN and self.ends_at is not None and now < self.ends_at

    def points(self, now: float) -> int:
        """What a right guess is worth."""
        return EARLY_POINTS if self.hint_at is not None and now < self.hint_at else LATE_POINTS

    def due(self, now: float, *, hinted: bool) -> tuple[Step, float] | None:
        """The next step of an open round and in how many seconds; None when nothing more comes by itself."""
        if self.state is not RoundState.OPEN or self.ends_at is None or self.hint_at is None:
            return None
        if not hinted and now < self.ends_at:
            return Step.HINT, max(0.0, self.hint_at - now)
        return Step.END, max(0.0, self.ends_at - now)
