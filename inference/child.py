"""The program behind `python -m inference child`: settings in, then batches of jobs in and their outcomes out.

It is a process of its own so that a picture or a driver that kills or hangs the network takes nothing else with it.
It talks to its supervisor over the pipes it was started with, and ends when they do.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

import structlog

from config.settings import InferenceSettings
from inference.framing import pack_message, read_message
from inference.protocol import FaceFailure, FaceJob, FaceOutcome, FailureCode, Style
from inference.wire import ProtocolError

if TYPE_CHECKING:
    from inference.pipeline import FacePipeline

log = structlog.get_logger(__name__)

ORPHAN_GRACE_S = 1.0  # an idle child sees the end of its pipe by itself; a busy one has nobody to answer any more


@dataclass(frozen=True, slots=True)
class Hello:
    """The child's first message, once it has drawn a picture to warm up."""

    pid: int
    model_ids: Mapping[Style, str]
    runtime: str
    start_ms: float
    seconds_per_cost: float

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def problem_to_bytes(problem: str) -> bytes:
    """The child's first and last message when it cannot draw."""
    return json.dumps({"problem": problem}).encode()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: everything comes through the pipe."""
    parser.description = "Draw faces for a supervisor, which starts this program and talks to it over its pipes."


def run(arguments: argparse.Namespace) -> int:
    """Work until the supervisor closes the pipe or SIGTERM asks for an end."""
    del arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the supervisor decides
    if sys.stdin.isatty():
        raise SystemExit("This program is started by a supervisor and talks to it over pipes; nothing to type here.")
    jobs, outcomes = _take_over_pipes()
    threading.Thread(target=_end_with, args=(jobs.fileno(),), daemon=True).start()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["level", "event"], bool_as_flag=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = read_message(jobs)
    return Child(jobs, outcomes).run(InferenceSettings.model_validate_json(settings[0])) if settings else 0


_WARM = object()


class Child:
    """The conversation with the supervisor: one message with outcomes for each message with jobs, in order."""

    def __init__(self, jobs: BinaryIO, outcomes: BinaryIO) -> None:
        self._jobs = jobs
        self._outcomes = outcomes
        self._drawing = False
        self._stopping = False

    def run(self, settings: InferenceSettings) -> int:
        """Load, draw a picture with every network, say hello, draw; return the exit code."""
        signal.signal(signal.SIGTERM, self._on_sigterm)
        began = time.perf_counter()
        try:
            from inference.pipeline import FacePipeline

            pipeline = FacePipeline(settings)
            warm_ups = pipeline.warm_ups()
            for _ in range(pipeline.network_count):
                next(warm_ups)
        except Exception as error:  # whatever it is, the supervisor has to be told
            log.exception("start_failed")
            self._say(problem_to_bytes(f"{type(error).__name__}: {error}"))
            return 1
        start_ms = (time.perf_counter() - began) * 1000
        hello = Hello(os.getpid(), dict(pipeline.model_ids), settings.runtime, start_ms, pipeline.seconds_per_cost())
        self._say(hello.to_bytes())
        while not self._stopping and (parts := self._next_jobs(warm_ups)) is not None:
            self._drawing = True
            jobs = [FaceJob.from_bytes(part) for part in parts]
            self._say(*(outcome_to_bytes(outcome) for outcome in draw(pipeline, jobs)))
            self._drawing = False
        return 0

    def _next_jobs(self, warm_ups: Iterator[None]) -> list[bytes] | None:
        """What the supervisor sends next. While it sends nothing, what is left of the warm-up goes on."""
        while not select.select([self._jobs], [], [], 0)[0] and next(warm_ups, _WARM) is not _WARM:
            pass
        return read_message(self._jobs)

    def _say(self, *parts: bytes) -> None:
        self._outcomes.write(pack_message(parts))
        self._outcomes.flush()

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        """Finish the batch in hand; while waiting for one, end at once."""
        self._stopping = True
        if not self._drawing:
            raise SystemExit(0)


def draw(pipeline: FacePipeline, jobs: Sequence[FaceJob]) -> list[FaceOutcome]:
    """One outcome a job, in order. When the whole batch fails, each job gets a try of its own."""
    outcomes: dict[int, FaceOutcome] = {
        at: FaceFailure(job.key, FailureCode.GENERATOR_FAILED)
        for at, job in enumerate(jobs)
        if pipeline.model_ids.get(job.options.style) != job.model_id
    }
    served = [at for at in range(len(jobs)) if at not in outcomes]
    outcomes |= zip(served, _draw_served(pipeline, [jobs[at] for at in served]), strict=True)
    return [outcomes[at] for at in range(len(jobs))]


def _draw_served(pipeline: FacePipeline, jobs: Sequence[FaceJob]) -> list[FaceOutcome]:
    if not jobs:
        return []
    try:
        return pipeline.draw(jobs)
    except Exception:  # a driver or a network may raise anything; the next batch may be fine
        log.exception("batch_failed", keys=[job.key for job in jobs])
    if len(jobs) == 1:
        return [FaceFailure(jobs[0].key, FailureCode.GENERATOR_FAILED)]
    return [outcome for job in jobs for outcome in _draw_served(pipeline, [job])]


def outcome_to_bytes(outcome: FaceOutcome) -> bytes:
    """The outcome as it travels; a picture over the bound becomes a failure."""
    try:
        return outcome.to_bytes()
    except ProtocolError:
        return FaceFailure(outcome.key, FailureCode.RESULT_TOO_LARGE).to_bytes()


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes for messages: a library that prints, writes to the log; one that reads, reads nothing."""
    jobs, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return jobs, outcomes


def _end_with(pipe: int) -> None:
    """Wait until nobody can write into the pipe any more, whatever the main thread is doing, and end the process."""
    poll = select.poll()
    poll.register(pipe, 0)  # POLLHUP is always reported
    poll.poll()
    time.sleep(ORPHAN_GRACE_S)
    os._exit(1)
