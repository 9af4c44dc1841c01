"""Batches drawn one ahead, in a thread, so that a GPU need not wait for the next."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from torch import Generator

from inference.training.dial.examples import Batch

Drawing = tuple[Batch, Generator]
"""A batch, and the state that drawing it has left its randomness in."""


class Ahead:
    """Gives what `draw(number)` gives, often at once."""

    def __init__(self, draw: Callable[[int], Drawing]) -> None:
        self._draw = draw
        self._thread = ThreadPoolExecutor(1)
        self._expected: tuple[int, Future[Drawing]] | None = None

    def take(self, number: int, following: int) -> Drawing:
        """The batch of this number; the following one is begun meanwhile."""
        expected, self._expected = self._expected, None
        drawing = expected[1].result() if expected and expected[0] == number else self._draw(number)
        self._expected = following, self._thread.submit(self._draw, following)
        return drawing
