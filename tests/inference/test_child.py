"""The inference child, spoken to as the supervisor does."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.settings import InferenceSettings
from inference.child import draw, outcome_to_bytes
from inference.framing import pack_message, read_message
from inference.protocol import (
    MAX_RESULT_BYTES,
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceOutcome,
    FaceResult,
    FailureCode,
    Frame,
    Layout,
    Picture,
    Style,
    outcome_from_bytes,
)

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
SETTINGS = InferenceSettings(
    runtime="fakes.generators:instant",
    threads=1,
    max_batch=8,
    fill_ms=5,
    batch_timeout_s=30,
    start_timeout_s=30,
    cache_dir=None,
    style="classic",
    realism=0,
)


def job(runtime: str, red: int = 192) -> FaceJob:
    picture = Picture(4, 4, (Frame(bytes((red, 0, 255 if red == 255 else 0, 255)) * 16),))
    return FaceJob(runtime, (picture,), FaceOptions(layout=Layout.FACE), time.time() + PATIENCE_S)


class Conversation:
    """One child, started with a fake network."""

    def __init__(self, process: subprocess.Popen[bytes], runtime: str) -> None:
        self.process = process
        self.runtime = runtime

    def say(self, *parts: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(pack_message(parts))
        self.process.stdin.flush()

    def hear(self) -> list[bytes]:
        assert self.process.stdout
        parts = read_message(self.process.stdout)  # type: ignore[arg-type]
        assert parts is not None, "the child ended"
        return parts

    def hang_up(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE_S)


@contextmanager
def child(generator: str = "instant", **environment: str) -> Iterator[Conversation]:
    runtime = f"fakes.generators:{generator}"
    process = subprocess.Popen(
        [sys.executable, "-m", "inference", "child"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            conversation = Conversation(process, runtime)
            conversation.say(SETTINGS.model_copy(update={"runtime": runtime}).model_dump_json().encode())
            yield conversation
        finally:
            process.kill()


def eventually(condition: Any) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_child_says_who_it_is_and_answers_in_the_order_of_the_jobs() -> None:
    with child() as it:
        hello = json.loads(it.hear()[0])
        assert hello["pid"] == it.process.pid
        assert hello["model_ids"] == dict.fromkeys(Style, it.runtime)
        assert hello["runtime"] == it.runtime
        assert hello["start_ms"] > 0
        jobs = [job(it.runtime, 10), job("another model", 20), job(it.runtime, 30)]
        it.say(*(one.to_bytes() for one in jobs))
        outcomes = [outcome_from_bytes(part) for part in it.hear()]
        assert [outcome.key for outcome in outcomes] == [one.key for one in jobs]
        assert [type(outcome) for outcome in outcomes] == [FaceResult, FaceFailure, FaceResult]
        it.hang_up()
        assert it.exit_code() == 0


def test_a_child_that_cannot_start_says_why() -> None:
    with child("absent") as it:
        assert "has no attribute 'absent'" in json.loads(it.hear()[0])["problem"]
        assert it.exit_code() == 1


def test_a_child_ends_when_nobody_tells_it_anything() -> None:
    with child() as it:
        it.hear()
        it.hang_up()
        assert it.exit_code() == 0


def test_a_hanging_child_ends_when_its_supervisor_is_gone() -> None:
    with child("hanging") as it:
        it.hear()
        it.say(job(it.runtime, 255).to_bytes())
        it.hang_up()
        assert it.exit_code() == 1


def test_a_term_signal_ends_an_idle_child() -> None:
    with child() as it:
        it.hear()
        it.process.send_signal(signal.SIGTERM)
        assert it.exit_code() == 0


def test_after_a_term_signal_the_batch_in_hand_is_finished(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with child("gated", FAKE_GENERATOR_GATE=str(gate)) as it:
        it.hear()
        it.say(job(it.runtime).to_bytes())
        eventually((tmp_path / "gate.waiting").exists)
        it.process.send_signal(signal.SIGTERM)
        gate.touch()
        assert isinstance(outcome_from_bytes(it.hear()[0]), FaceResult)
        assert it.exit_code() == 0


def test_a_child_leaves_ctrl_c_to_its_supervisor() -> None:
    with child() as it:
        it.hear()
        it.process.send_signal(signal.SIGINT)
        it.say(job(it.runtime).to_bytes())
        assert isinstance(outcome_from_bytes(it.hear()[0]), FaceResult)


def test_a_child_started_by_hand_explains_itself() -> None:
    ours, terminal = pty.openpty()
    try:
        command = [sys.executable, "-m", "inference", "child"]
        done = subprocess.run(command, cwd=ROOT, stdin=terminal, capture_output=True, timeout=PATIENCE_S, check=False)
    finally:
        os.close(ours)
        os.close(terminal)
    assert done.returncode == 1
    assert b"started by a supervisor" in done.stderr


PARENT = """
import asyncio, sys, time
from config.queue import QueueSettings
from config.settings import InferenceSettings
from inference.protocol import FaceJob, FaceOptions, Frame, Picture, Style
from inference.queue.memory import MemoryQueue
from fakes.seen_work import SeenWork
from inference.supervisor import Supervisor

async def main():
    settings = InferenceSettings.model_validate_json(sys.argv[1])
    limits = QueueSettings(url="memory:", max_jobs=4, max_attempts=3, lease_s=30, cache_ttl_s=0, cache_mb=0)
    queue = MemoryQueue(limits)
    models = {Style.CLASSIC: settings.runtime}
    supervisor = Supervisor(queue, settings, limits, model_ids=models, observer=SeenWork(), stop_grace_s=5)
    picture = Picture(4, 4, (Frame(bytes((255, 0, 255, 255)) * 16),))
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        await queue.submit(FaceJob(settings.runtime, (picture,), FaceOptions(), time.time() + 600))
        while not queue.stats().leased:
            await asyncio.sleep(0.01)
        print(supervisor.child_pid, file=sys.stderr, flush=True)

asyncio.run(main())
"""


def test_a_busy_child_dies_with_its_parent() -> None:
    settings = SETTINGS.model_copy(update={"runtime": "fakes.generators:hanging", "batch_timeout_s": 600.0})
    command = [sys.executable, "-c", PARENT, settings.model_dump_json()]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as parent:
        assert parent.stderr
        orphan = psutil.Process(int(parent.stderr.readline()))
        parent.kill()
    try:
        psutil.wait_procs([orphan], timeout=PATIENCE_S)
        assert not orphan.is_running()
    finally:
        if orphan.is_running():
            orphan.kill()


class Moody:
    """A pipeline that refuses batches, and one job even alone."""

    model_ids: Mapping[Style, str] = {Style.CLASSIC: "model"}

    def __init__(self, bad_key: str) -> None:
        self.bad_key = bad_key
        self.batches: list[int] = []

    def draw(self, jobs: Sequence[FaceJob]) -> list[FaceOutcome]:
        self.batches.append(len(jobs))
        if len(jobs) > 1 or jobs[0].key == self.bad_key:
            raise RuntimeError("no")
        return [FaceResult(jobs[0].key, b"face", 1, 1, 1.0)]


def test_when_a_batch_fails_every_job_gets_a_try_of_its_own() -> None:
    jobs = [job("model", red) for red in (1, 2, 3)]
    pipeline = Moody(jobs[1].key)
    outcomes = draw(pipeline, jobs)  # type: ignore[arg-type]
    assert pipeline.batches == [3, 1, 1, 1]
    assert [outcome.key for outcome in outcomes] == [one.key for one in jobs]
    assert outcomes[1] == FaceFailure(jobs[1].key, FailureCode.GENERATOR_FAILED)
    assert isinstance(outcomes[0], FaceResult)


def test_jobs_for_other_models_never_reach_the_network() -> None:
    pipeline = Moody("")
    other = job("yesterday's model")
    assert draw(pipeline, [other]) == [FaceFailure(other.key, FailureCode.GENERATOR_FAILED)]  # type: ignore[arg-type]
    assert pipeline.batches == []


def test_a_picture_over_the_bound_becomes_a_failure() -> None:
    result = FaceResult("key", bytes(MAX_RESULT_BYTES), 1, 1, 1.0)
    assert outcome_from_bytes(outcome_to_bytes(result)) == FaceFailure("key", FailureCode.RESULT_TOO_LARGE)


@pytest.mark.parametrize(
    "outcome", [FaceResult("key", b"face", 1, 2, 3.0), FaceFailure("key", FailureCode.GENERATOR_FAILED)]
)
def test_outcomes_travel_unchanged(outcome: FaceOutcome) -> None:
    assert outcome_from_bytes(outcome_to_bytes(outcome)) == outcome
