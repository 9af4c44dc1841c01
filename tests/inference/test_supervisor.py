"""The supervisor with the real queue and the real child process; only the network is a fake."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from config.queue import QueueSettings
from config.settings import InferenceSettings
from inference.protocol import (
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
)
from inference.queue.interface import Ticket
from inference.queue.memory import MemoryQueue
from inference.supervisor import Supervisor
from tests.fakes.generators import BAD_RGB, DELAY_VARIABLE, GATE_VARIABLE
from tests.fakes.seen_work import SeenWork

PATIENCE_S = 60.0
QUEUE = QueueSettings(url="memory:", max_jobs=64, max_attempts=3, lease_s=30, cache_ttl_s=0, cache_mb=0)
FACE = FaceOptions(layout=Layout.FACE)


@pytest.fixture(autouse=True)
def _networks_for_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def inference_settings(generator: str, **changes: object) -> InferenceSettings:
    values: dict[str, object] = {
        "runtime": f"fakes.generators:{generator}",
        "threads": 1,
        "max_batch": 8,
        "fill_ms": 5,
        "batch_timeout_s": PATIENCE_S,
        "start_timeout_s": PATIENCE_S,
        "cache_dir": None,
        "style": "classic",
        "realism": 0,
    }
    return InferenceSettings.model_validate(values | changes)


def job(runtime: str, rgb: tuple[int, int, int], *, patience_s: float = PATIENCE_S) -> FaceJob:
    picture = Picture(8, 8, (Frame(bytes((*rgb, 255)) * 64),))
    return FaceJob(runtime, (picture,), FACE, time.time() + patience_s)


@dataclass
class Running:
    queue: MemoryQueue
    supervisor: Supervisor
    settings: InferenceSettings
    task: asyncio.Task[None]
    seen: SeenWork

    async def submit(self, rgb: tuple[int, int, int], *, patience_s: float = PATIENCE_S) -> Ticket:
        return await self.queue.submit(job(self.settings.runtime, rgb, patience_s=patience_s))

    async def draw(self, rgb: tuple[int, int, int]) -> FaceOutcome:
        return await self.queue.result(await self.submit(rgb), PATIENCE_S)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    async def ready(self) -> int:
        await self.until(lambda: self.supervisor.ready)
        assert self.supervisor.child_pid
        return self.supervisor.child_pid


@asynccontextmanager
async def supervised(
    generator: str,
    *,
    queue: QueueSettings = QUEUE,
    queue_type: type[MemoryQueue] = MemoryQueue,
    stop_grace_s: float = PATIENCE_S,
    **changes: Any,
) -> AsyncIterator[Running]:
    settings = inference_settings(generator, **changes)
    memory = queue_type(queue)
    supervisor = Supervisor(
        memory,
        settings,
        queue,
        model_ids={Style.CLASSIC: settings.runtime},
        observer=(seen := SeenWork()),
        stop_grace_s=stop_grace_s,
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervisor.run())
        yield Running(memory, supervisor, settings, task, seen)
        task.cancel()
    assert supervisor.child_pid is None
    assert not children(), "no child stays behind"


def children() -> list[psutil.Process]:
    """The inference children of this process; a browser of other tests may live beside them."""
    living = (process for process in psutil.Process().children() if process.status() != psutil.STATUS_ZOMBIE)
    return [process for process in living if "inference" in process.cmdline()]


def colour(outcome: FaceOutcome) -> tuple[int, ...]:
    assert isinstance(outcome, FaceResult), outcome
    with Image.open(BytesIO(outcome.picture), formats=["WEBP"]) as picture:
        pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 64) * 64 for value in pixel)


def failed(outcome: FaceOutcome) -> FailureCode:
    assert isinstance(outcome, FaceFailure), outcome
    return outcome.code


async def test_jobs_become_faces_of_their_own() -> None:
    async with supervised("instant") as running:
        tickets = {rgb: await running.submit(rgb) for rgb in [(192, 0, 0), (0, 192, 0), (0, 0, 192)]}
        for rgb, ticket in tickets.items():
            assert colour(await running.queue.result(ticket, PATIENCE_S)) == rgb
        assert (running.seen.jobs, running.seen.restarts) == (3, 0)
        assert 1 <= running.seen.batches <= 3
        assert running.seen.inference_s > 0


async def test_a_child_killed_in_the_middle_of_a_job_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with supervised("gated") as running:
        ticket = await running.submit((192, 0, 0))
        first = await running.ready()
        await running.until((tmp_path / "gate.waiting").exists)
        os.kill(first, signal.SIGKILL)
        gate.touch()
        assert colour(await running.queue.result(ticket, PATIENCE_S)) == (192, 0, 0)
        assert running.supervisor.child_pid != first
        assert running.seen.restarts == 1


async def test_an_idle_child_that_is_killed_is_replaced_at_once() -> None:
    async with supervised("instant") as running:
        first = await running.ready()
        os.kill(first, signal.SIGKILL)
        await running.until(lambda: running.supervisor.child_pid not in {first, None})
        assert colour(await running.draw((0, 192, 0))) == (0, 192, 0)


async def test_a_job_that_kills_the_child_is_condemned_and_its_batch_mates_are_drawn() -> None:
    async with supervised("dying", fill_ms=2000) as running:
        innocents = [(192, 0, 0), (0, 192, 0), (0, 0, 192)]
        tickets = [await running.submit(rgb) for rgb in [*innocents[:2], BAD_RGB, *innocents[2:]]]
        good, also, bad, last = [await running.queue.result(ticket, PATIENCE_S) for ticket in tickets]
        assert [colour(good), colour(also), colour(last)] == innocents
        assert failed(bad) is FailureCode.GENERATOR_CRASHED
        assert [(letter.job.key, letter.code) for letter in running.queue.dead_letters] == [(bad.key, failed(bad))]


async def test_a_job_that_hangs_the_child_is_condemned_and_its_batch_mates_are_drawn() -> None:
    async with supervised("hanging", fill_ms=2000, batch_timeout_s=2) as running:
        tickets = [await running.submit(rgb) for rgb in [(192, 0, 0), BAD_RGB, (0, 0, 192)]]
        first, bad, last = [await running.queue.result(ticket, PATIENCE_S) for ticket in tickets]
        assert [colour(first), colour(last)] == [(192, 0, 0), (0, 0, 192)]
        assert failed(bad) is FailureCode.GENERATOR_HUNG
        assert running.queue.stats().dead_letters == 1


async def test_a_job_of_many_frames_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DELAY_VARIABLE, "3")
    frames = tuple(Frame(bytes([shade, 99, 99, 255]) * 4, 50) for shade in range(0, 240, 4))
    async with supervised("slow", batch_timeout_s=2) as running:
        job = FaceJob(running.settings.runtime, (Picture(2, 2, frames),), FACE, time.time() + PATIENCE_S)
        outcome = await running.queue.result(await running.queue.submit(job), PATIENCE_S)
        assert isinstance(outcome, FaceResult)
        assert running.seen.restarts == 0


async def test_a_job_alone_gets_several_tries_before_it_is_condemned() -> None:
    async with supervised("dying", queue=QUEUE.model_copy(update={"max_attempts": 2})) as running:
        assert failed(await running.draw(BAD_RGB)) is FailureCode.GENERATOR_CRASHED
        await running.ready()
        assert running.seen.restarts == 2
        assert colour(await running.draw((0, 192, 0))) == (0, 192, 0)


async def test_a_job_that_raises_fails_alone_and_costs_no_child() -> None:
    async with supervised("failing", fill_ms=2000) as running:
        tickets = [await running.submit(rgb) for rgb in [(192, 0, 0), BAD_RGB, (0, 0, 192)]]
        first, bad, last = [await running.queue.result(ticket, PATIENCE_S) for ticket in tickets]
        assert [colour(first), colour(last)] == [(192, 0, 0), (0, 0, 192)]
        assert failed(bad) is FailureCode.GENERATOR_FAILED
        assert running.seen.restarts == running.queue.stats().dead_letters == 0


async def test_a_job_for_another_model_fails() -> None:
    async with supervised("instant") as running:
        ticket = await running.queue.submit(job("a model of last year", (192, 0, 0)))
        assert failed(await running.queue.result(ticket, PATIENCE_S)) is FailureCode.GENERATOR_FAILED
        assert running.seen.restarts == 0


async def test_a_job_too_large_to_send_fails_alone() -> None:
    async with supervised("instant") as running:
        noise = tuple(Frame(os.urandom(128 * 128 * 4)) for _ in range(10))
        huge = FaceJob(running.settings.runtime, (Picture(128, 128, noise),), FACE, time.time() + PATIENCE_S)
        ticket = await running.queue.submit(huge)
        assert failed(await running.queue.result(ticket, PATIENCE_S)) is FailureCode.GENERATOR_FAILED
        assert running.seen.restarts == 0


async def test_what_a_library_prints_harms_no_message() -> None:
    async with supervised("printing") as running:
        for rgb in [(192, 0, 0), (0, 192, 0)]:
            assert colour(await running.draw(rgb)) == rgb
        assert running.seen.restarts == 0


async def test_leases_are_kept_alive_while_a_batch_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    extended = []

    class Watched(MemoryQueue):
        def _extend(self, *args: object) -> None:
            extended.append(args)
            super()._extend(*args)  # type: ignore[arg-type]

    short = QUEUE.model_copy(update={"lease_s": 1.0})
    async with supervised("gated", queue=short, queue_type=Watched) as running:
        ticket = await running.submit((192, 0, 0))
        await running.until(lambda: len(extended) >= 5)
        gate.touch()
        assert colour(await running.queue.result(ticket, PATIENCE_S)) == (192, 0, 0)


async def test_a_child_that_cannot_start_is_a_readable_problem_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with supervised("unstartable") as running:
        hasty = await running.submit((0, 192, 0), patience_s=0.5)
        ticket = await running.submit((192, 0, 0))
        await running.until(lambda: running.supervisor.problem)
        assert running.supervisor.problem == "RuntimeError: the device is busy"
        assert not running.supervisor.ready
        assert failed(await running.queue.result(hasty, PATIENCE_S)) is FailureCode.DEADLINE_EXCEEDED
        gate.touch()
        assert colour(await running.queue.result(ticket, PATIENCE_S)) == (192, 0, 0)
        assert running.supervisor.problem is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"runtime": "fakes.generators:absent"}, "has no attribute 'absent'"),
        ({"runtime": "no_such_module:network"}, "No module named 'no_such_module'"),
        ({"runtime": "fakes.generators:unstarting"}, "ended while starting (exit code 7)"),
        ({"start_timeout_s": 0.01}, "was not ready after 0.01 s"),
    ],
)
async def test_what_is_wrong_with_the_start_is_said(changes: dict[str, Any], problem: str) -> None:
    async with supervised("instant", **changes) as running:
        await running.until(lambda: running.supervisor.problem)
        assert problem in (running.supervisor.problem or "")


async def test_a_child_that_serves_other_models_than_jobs_ask_for_is_a_problem() -> None:
    settings = inference_settings("instant")
    supervisor = Supervisor(
        MemoryQueue(QUEUE),
        settings,
        QUEUE,
        model_ids={Style.CLASSIC: "another"},
        observer=(seen := SeenWork()),
        stop_grace_s=PATIENCE_S,
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervisor.run())
        await Running(MemoryQueue(QUEUE), supervisor, settings, task, seen).until(lambda: supervisor.problem)
        task.cancel()
    assert "another" in (supervisor.problem or "")


async def test_a_stop_lets_the_batch_in_hand_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with supervised("gated", max_batch=1) as running:
        in_hand, waiting = await running.submit((192, 0, 0)), await running.submit((0, 192, 0))
        await running.until((tmp_path / "gate.waiting").exists)
        running.task.cancel()
        await asyncio.sleep(0)
        gate.touch()
        await asyncio.wait({running.task})
        assert colour(await running.queue.result(in_hand, 0)) == (192, 0, 0)
        with pytest.raises(TimeoutError):
            await running.queue.result(waiting, 0)


async def test_a_stop_gives_a_batch_back_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GATE_VARIABLE, str(tmp_path / "gate"))
    async with supervised("gated", stop_grace_s=0.2) as running:
        await running.submit((192, 0, 0))
        await running.until((tmp_path / "gate.waiting").exists)
        running.task.cancel()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait({running.task})
        assert (running.queue.stats().waiting, running.queue.stats().leased) == (1, 0)


async def test_an_idle_child_ends_by_itself_when_the_supervisor_stops() -> None:
    async with supervised("instant") as running:
        child = psutil.Process(await running.ready())
        running.task.cancel()
        await asyncio.wait({running.task})
        assert not child.is_running()


async def test_a_stop_does_not_wait_for_a_child_that_is_starting() -> None:
    async with supervised("instant") as running:
        await running.until(children)
        began = time.monotonic()
        running.task.cancel()
        await asyncio.wait({running.task})
        assert time.monotonic() - began < PATIENCE_S / 2


async def test_the_child_knows_no_setting_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN", "a secret")
    async with supervised("instant") as running:
        environment = psutil.Process(await running.ready()).environ()
        assert not [name for name in environment if name.startswith("EMOTEFACE_")]
        assert "PATH" in environment
