"""Timing side by side: every contender is a process of its own, so that its start-up time and memory are its own, too.

They take turns, one timed batch at a time, so that whatever else happens on the machine happens to all of them.
"""

import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import psutil

from inference.bench.engines import Contender

START_TIMEOUT_S = 120
CALL_TIMEOUT_S = 120


class BenchFailed(Exception):
    """A contender did not start, died or hung."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one contender did: `start_s` from the start of its process to its first face, `times_ms` by batch size."""

    contender: Contender
    precision: str
    start_s: float
    memory_mb: float
    times_ms: Mapping[int, Sequence[float]]

    def median_ms(self, batch: int) -> float:
        return statistics.median(self.times_ms[batch])

    def pictures_per_s(self, batch: int) -> float:
        return batch / self.median_ms(batch) * 1e3

    def gflop_per_s(self, batch: int) -> float:
        return self.contender.gflop * batch / self.median_ms(batch) * 1e3


def race(
    contenders: Sequence[Contender],
    batches: Sequence[int],
    repeats: int,
    progress: Callable[[str], None] = lambda line: None,
) -> list[Result]:
    """Start all, then time each batch size of each `repeats` times, in turns."""
    with ExitStack() as processes:
        running = []
        for contender in contenders:  # one after the other: each has the machine for its start
            progress(f"starting {contender.name}")
            running.append(processes.enter_context(_started(contender)))
        for each, batch in itertools.product(running, batches):
            each.time_ms(batch)  # builds kernels
        for repeat in range(repeats):
            progress(f"round {repeat + 1} of {repeats}")
            for batch, each in itertools.product(batches, running):
                each.times_ms.setdefault(batch, []).append(each.time_ms(batch))
        return [each.result() for each in running]


class _Running:
    """A contender's process, ready to be timed."""

    def __init__(self, contender: Contender, connection: Connection, began: float) -> None:
        self.times_ms: dict[int, list[float]] = {}
        self._contender, self._connection = contender, connection
        self._precision = str(self._received(START_TIMEOUT_S))
        self._start_s = time.perf_counter() - began

    def time_ms(self, batch: int) -> float:
        self._connection.send(batch)
        return float(self._received(CALL_TIMEOUT_S))

    def result(self) -> Result:
        self._connection.send(None)
        memory_mb = float(self._received(CALL_TIMEOUT_S))
        return Result(self._contender, self._precision, self._start_s, memory_mb, self.times_ms)

    def _received(self, timeout_s: float) -> Any:
        try:
            if self._connection.poll(timeout_s):
                return self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise BenchFailed(f"{self._contender.name} died") from None
        raise BenchFailed(f"{self._contender.name} hung for {timeout_s} s")


@contextmanager
def _started(contender: Contender) -> Iterator[_Running]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, contender), daemon=True)
    began = time.perf_counter()
    process.start()
    theirs.close()
    try:
        yield _Running(contender, ours, began)
    finally:
        ours.close()
        process.join(timeout=5)
        process.kill()
        process.join()


def _serve(connection: Connection, contender: Contender) -> None:
    """The contender's process: load, draw once, then time batches or weigh itself until the other side hangs up."""
    loaded = contender.engine.load()
    loaded.generator(contender.preparation.blank(1))
    connection.send(loaded.precision)
    while True:
        try:
            batch = connection.recv()
        except EOFError:
            return
        if batch is None:
            connection.send(psutil.Process().memory_info().rss / 1e6)
            continue
        feed = contender.preparation.blank(batch)
        loaded.generator(feed)  # the one before was another contender's: get weights and threads back
        began = time.perf_counter()
        loaded.generator(feed)
        connection.send((time.perf_counter() - began) * 1e3)
