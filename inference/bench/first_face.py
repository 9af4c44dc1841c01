"""How long a worker takes from the start of its process to its first face, with every shipped network in it."""

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, cast

import psutil

from config.settings import InferenceSettings
from inference.child_process import COMMAND
from inference.framing import pack_message, read_message
from inference.protocol import FaceJob, FaceOptions, FaceResult, Frame, Picture, Style, outcome_from_bytes
from inference.served import served_model_ids

GREY = Picture(64, 64, (Frame(bytes([128, 128, 128, 255]) * 64 * 64),))


@dataclass(frozen=True, slots=True)
class FirstFace:
    """Medians: until the worker says that it is ready, until the first face of its default style, its memory then."""

    ready_s: float
    face_s: float
    memory_mb: float


class WorkerFailed(Exception):
    """The worker did not draw."""


def first_face(
    settings: InferenceSettings, starts: int, progress: Callable[[str], None] = lambda line: None
) -> FirstFace:
    """One start more than `starts` goes before, so that all find the files in the page cache."""
    style = Style(settings.style)
    job = FaceJob(served_model_ids(settings)[style], (GREY,), FaceOptions(style), deadline_at=time.time() + 3600)
    measured = []
    for number in range(starts + 1):
        progress(f"worker start {number} of {starts}")
        measured.append(_once(settings, job))
    ready_s, face_s, memory_mb = (statistics.median(each) for each in zip(*measured[1:], strict=True))
    return FirstFace(ready_s, face_s, memory_mb)


def _once(settings: InferenceSettings, job: FaceJob) -> tuple[float, float, float]:
    began = time.perf_counter()
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:  # noqa: S603 (our own)
        jobs, outcomes = cast("BinaryIO", worker.stdin), cast("BinaryIO", worker.stdout)
        try:
            _say(jobs, settings.model_dump_json().encode())
            _heard(outcomes)
            ready_s = time.perf_counter() - began
            _say(jobs, job.to_bytes())
            outcome = outcome_from_bytes(_heard(outcomes))
            face_s = time.perf_counter() - began
            memory_mb = psutil.Process(worker.pid).memory_info().rss / 1e6
        finally:
            worker.kill()
    if not isinstance(outcome, FaceResult):
        raise WorkerFailed(f"the worker drew nothing: {outcome.code}")
    return ready_s, face_s, memory_mb


def _say(jobs: BinaryIO, part: bytes) -> None:
    jobs.write(pack_message([part]))
    jobs.flush()


def _heard(outcomes: BinaryIO) -> bytes:
    parts = read_message(outcomes)
    if not parts:
        raise WorkerFailed("the worker ended while starting; what it wrote says why")
    return parts[0]
