"""The frames of an animation, thinned out evenly when there are too many. Runs in the decoder child only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from bot.thinning import even_spans


@dataclass(frozen=True, slots=True)
class Shot:
    """What is seen, and for how long."""

    image: Image.Image
    duration_ms: int


class Film:
    """Takes any number of frames and keeps fewer than `capacity`, each for as long as those it stands for.

    Frames that look like the one before only make it last longer.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._stride = 1  # frames to one that is kept
        self._taken = 0
        self._last_pixels = b""
        self._shots: list[Shot] = []

    @property
    def shots(self) -> Sequence[Shot]:
        """What there is so far."""
        return self._shots

    def add(self, image: Image.Image, duration_ms: int) -> None:
        """The next frame."""
        pixels = image.tobytes()
        if self._shots and (pixels == self._last_pixels or self._taken % self._stride):
            last = self._shots[-1]
            self._shots[-1] = Shot(last.image, last.duration_ms + duration_ms)
        else:
            self._shots.append(Shot(image, duration_ms))
        self._taken += pixels != self._last_pixels
        self._last_pixels = pixels
        if len(self._shots) == self._capacity:
            self._shots = thinned(self._shots, self._capacity // 2)
            self._stride *= 2


def thinned(shots: Sequence[Shot], count: int) -> list[Shot]:
    """At most `count`, evenly chosen; each lasts until the next one starts."""
    return [
        Shot(shots[start].image, sum(shot.duration_ms for shot in shots[start:end]))
        for start, end in even_spans(len(shots), count)
    ]
