"""Steadiness: how much drawn animations flicker, against the animated emotes that they are drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inference.preprocess import Pixels, framed_film
from inference.protocol import Picture
from inference.training.emote_sets import shown_on_matte
from inference.training.evaluation.emote_metrics import flicker

Filmed = Callable[[Picture], Pixels]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """`flicker` as `emote_metrics` has it, 0–255, mean over the films; `times_emote` over that of the emotes' own."""

    n: int
    flicker: float
    times_emote: float


def measured_steadiness(draw: Filmed, films: Sequence[Picture]) -> Steadiness:
    """Draw all frames of every film."""
    drawn = float(np.mean([flicker(draw(film)) for film in films]))
    own = float(np.mean([flicker(emote_film(film)) for film in films]))
    return Steadiness(len(films), drawn, drawn / own)


def emote_film(film: Picture) -> Pixels:
    """(F, 128, 128, 3): the frames on the matte."""
    return np.stack([shown_on_matte(frame) for frame in framed_film(film)])
