"""Workers as processes of their own, with a real NATS server between them and whoever asks."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from config.queue import QueueSettings
from inference.protocol import FaceFailure, FaceJob, FaceOptions, FaceOutcome, FaceResult, FailureCode, Frame, Layout
from inference.protocol import Picture as JobPicture
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from inference.worker import _beat
from tests.fakes.generators import BAD_RGB, GATE_VARIABLE
from tests.polling import until
from tests.program import PATIENCE_S, Program, running_program
from tests.servers.nats import NatsServer, nats_server
from tests.servers.proxy import CutProxy, cut_proxy

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]

LEASE_S = 3.0
QUEUE = QueueSettings(url="memory:", max_jobs=2000, max_attempts=4, lease_s=LEASE_S, cache_ttl_s=300, cache_mb=64)
FACE = FaceOptions(layout=Layout.FACE)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as running:
        yield running


def worker(
    tmp_path: Path, server: NatsServer | CutProxy, generator: str = "instant", *arguments: str, max_batch: int = 8
) -> AbstractAsyncContextManager[Program]:
    """`python -m inference worker` with a fake network in its child."""
    settings = {
        "inference.runtime": f"fakes.generators:{generator}",
        "inference.max_batch": str(max_batch),
        "queue.url": server.url,
        "queue.lease_s": str(LEASE_S),
        "queue.max_attempts": str(QUEUE.max_attempts),
    }
    return running_program(tmp_path / "worker", settings, ("inference", "worker", *arguments))


@asynccontextmanager
async def asking(server: NatsServer | CutProxy) -> AsyncIterator[NatsQueue]:
    async with open_nats_queue(QUEUE.model_copy(update={"url": server.url}), asks=True) as queue:
        await until(lambda: queue.connection.up)
        yield queue


def a_job(number: int, generator: str = "instant", *, rgb: tuple[int, int, int] | None = None) -> FaceJob:
    red, green, blue = rgb or (number % 200, number // 200, 7)
    picture = JobPicture(8, 8, (Frame(bytes((red, green, blue, 255)) * 64),))
    return FaceJob(f"fakes.generators:{generator}", (picture,), FACE, time.time() + PATIENCE_S)


async def draw(queue: NatsQueue, job: FaceJob) -> FaceOutcome:
    return await queue.result(await queue.submit(job), PATIENCE_S)


async def draw_all(queue: NatsQueue, jobs: list[FaceJob]) -> list[FaceOutcome]:
    async with asyncio.TaskGroup() as group:
        drawn = [group.create_task(draw(queue, job)) for job in jobs]
    return [task.result() for task in drawn]


def assert_each_has_its_face(jobs: list[FaceJob], outcomes: list[FaceOutcome]) -> None:
    assert [outcome.key for outcome in outcomes] == [job.key for job in jobs]
    assert {type(outcome) for outcome in outcomes} == {FaceResult}


async def test_a_worker_says_what_it_can_draw_and_draws_it(tmp_path: Path, server: NatsServer) -> None:
    async with asking(server) as queue, worker(tmp_path, server, "instant", "--name", "at home"):
        await until(lambda: bool(queue.workers.working()))
        (advert,) = queue.workers.working()
        assert (advert.name, advert.runtime) == ("at home", "fakes.generators:instant")
        assert set(queue.workers.models().values()) == {"fakes.generators:instant"}
        jobs = [a_job(number) for number in range(50)]
        assert_each_has_its_face(jobs, await draw_all(queue, jobs))


async def test_a_worker_told_to_stop_finishes_what_it_has_and_says_goodbye(
    tmp_path: Path, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with asking(server) as queue, worker(tmp_path, server, "gated", max_batch=1) as program:
        in_hand = await queue.submit(a_job(1, "gated"))
        await until(gate.with_name("gate.waiting").exists)
        program.process.send_signal(signal.SIGTERM)
        await program.logged("worker_stopping")
        gate.touch()
        assert isinstance(await queue.result(in_hand, PATIENCE_S), FaceResult)
        assert await program.ended() == 0
        await until(lambda: not queue.workers.present())


async def test_a_paused_worker_takes_nothing_until_it_goes_on(tmp_path: Path, server: NatsServer) -> None:
    async with asking(server) as queue, worker(tmp_path, server, "instant", "--paused") as program:
        await until(lambda: bool(queue.workers.present()))
        assert not queue.workers.working()
        ticket = await queue.submit(a_job(1))
        program.process.send_signal(signal.SIGUSR2)
        assert isinstance(await queue.result(ticket, PATIENCE_S), FaceResult)
        program.process.send_signal(signal.SIGUSR1)
        await until(lambda: bool(queue.workers.present()) and not queue.workers.working())


async def test_a_workers_heart_beats_once_it_can_be_given_work(tmp_path: Path, server: NatsServer) -> None:
    heartbeat = tmp_path / "alive"
    async with worker(tmp_path, server, "instant", "--heartbeat", str(heartbeat)) as program:
        await program.logged("inference_child_started")
        assert not heartbeat.exists(), "no bot has been there, so nothing is set up for workers"
        async with asking(server):
            await until(heartbeat.exists)


async def test_a_heart_beats_only_while_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.worker.BEAT_S", 0.0)
    heartbeat, looked = tmp_path / "alive", 0

    def is_well() -> bool:
        nonlocal looked
        looked += 1
        assert looked > 3 or not heartbeat.exists()
        return looked >= 3

    beating = asyncio.create_task(_beat(heartbeat, is_well))
    await until(heartbeat.exists)
    assert looked >= 3
    beating.cancel()


async def test_workers_of_two_models_stand_side_by_side(tmp_path: Path, server: NatsServer) -> None:
    async with (
        asking(server) as queue,
        worker(tmp_path / "old", server, "instant"),
        worker(tmp_path / "new", server, "printing"),
    ):
        jobs = [a_job(number, generator) for number in range(5) for generator in ("instant", "printing")]
        assert_each_has_its_face(jobs, await draw_all(queue, jobs))


async def test_a_worker_killed_over_a_batch_loses_nothing(
    tmp_path: Path, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    jobs = [a_job(number, "gated") for number in range(12)]
    async with asking(server) as queue, worker(tmp_path / "first", server, "gated") as first:
        drawing = asyncio.create_task(draw_all(queue, jobs))
        await until(gate.with_name("gate.waiting").exists)
        first.process.kill()
        await first.ended()
        gate.touch()
        async with worker(tmp_path / "second", server, "gated"):
            assert_each_has_its_face(jobs, await drawing)


async def test_a_child_killed_over_a_batch_loses_nothing(
    tmp_path: Path, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    jobs = [a_job(number, "gated") for number in range(12)]
    async with asking(server) as queue, worker(tmp_path, server, "gated") as program:
        drawing = asyncio.create_task(draw_all(queue, jobs))
        await until(gate.with_name("gate.waiting").exists)
        for child in psutil.Process(program.pid).children():
            child.kill()
        gate.touch()
        assert_each_has_its_face(jobs, await drawing)


async def test_a_picture_that_kills_every_child_is_refused_and_buried_and_its_neighbours_are_drawn(
    tmp_path: Path, server: NatsServer
) -> None:
    jobs = [a_job(number, "dying") for number in range(6)]
    async with asking(server) as queue:
        drawing = asyncio.create_task(draw_all(queue, [*jobs, a_job(0, "dying", rgb=BAD_RGB)]))
        async with worker(tmp_path, server, "dying"):
            *faces, refused = await drawing
        assert_each_has_its_face(jobs, faces)
        assert isinstance(refused, FaceFailure)
        assert refused.code is FailureCode.GENERATOR_CRASHED
        await until(lambda: queue.stats().dead_letters == 1)


@asynccontextmanager
async def echoing(server: NatsServer | CutProxy) -> AsyncIterator[None]:
    """A worker in this process that answers at once."""

    async def work(queue: NatsQueue) -> None:
        while True:
            leases = await queue.pull(32, 1)
            async with asyncio.TaskGroup() as group:
                for lease in leases:
                    group.create_task(lease.done(FaceResult(lease.job.key, b"face", 8, 8, 1.0)))

    settings = QUEUE.model_copy(update={"url": server.url})
    async with open_nats_queue(settings, asks=False) as queue, asyncio.TaskGroup() as tasks:
        queue.serve(WorkerAdvert("e", "e", "1", "r", {"classic": "fakes.generators:instant"}, 0.001, 32))
        working = tasks.create_task(work(queue))
        yield
        working.cancel()


async def test_a_server_killed_with_a_thousand_jobs_waiting_loses_none(server: NatsServer) -> None:
    jobs = [a_job(number) for number in range(1000)]
    async with asking(server) as queue:
        tickets = [await queue.submit(job) for job in jobs]
        await server.kill()
        await server.start()
        async with echoing(server):
            async with asyncio.TaskGroup() as group:
                drawn = [group.create_task(queue.result(ticket, PATIENCE_S)) for ticket in tickets]
            assert_each_has_its_face(jobs, [task.result() for task in drawn])


async def test_a_server_killed_in_live_flow_loses_nothing(server: NatsServer) -> None:
    jobs = [a_job(number) for number in range(1000)]
    async with asking(server) as queue, echoing(server):
        drawn = [asyncio.create_task(draw(queue, job)) for job in jobs]
        await until(lambda: any(task.done() for task in drawn))
        await server.kill()
        await server.start()
        assert_each_has_its_face(jobs, await asyncio.gather(*drawn))


@pytest.mark.parametrize("side", ["bot", "worker"])
async def test_a_cut_between_one_side_and_the_server_loses_nothing(server: NatsServer, side: str) -> None:
    jobs = [a_job(number) for number in range(1000)]
    async with cut_proxy(server.port) as proxy:
        bots, workers = (proxy, server) if side == "bot" else (server, proxy)
        async with asking(bots) as queue, echoing(workers):
            drawn = [asyncio.create_task(draw(queue, job)) for job in jobs]
            await until(lambda: any(task.done() for task in drawn))
            await proxy.cut()
            await asyncio.sleep(LEASE_S)  # the server gives the jobs of a silent worker back meanwhile
            await proxy.mend()
            assert_each_has_its_face(jobs, await asyncio.gather(*drawn))


async def test_a_result_that_was_written_before_its_worker_died_is_not_drawn_again(
    tmp_path: Path, server: NatsServer
) -> None:
    job = a_job(1)
    advert = WorkerAdvert("w", "w", "1", "r", {"classic": job.model_id}, 0.001, 8)
    async with asking(server) as queue, asking(server) as dying:
        dying.serve(advert)
        ticket = await queue.submit(job)
        await dying.pull(1, 0)
        face = FaceResult(job.key, b"drawn before the end", 8, 8, 1.0)
        await dying._results.put(face)  # … and here the process ends, without a word to the server
        assert await queue.result(ticket, PATIENCE_S) == face
        async with worker(tmp_path, server):
            await until(lambda: queue.stats().waiting + queue.stats().leased == 0)
        assert await draw(queue, job) == face


async def test_a_slow_worker_takes_jobs_only_when_the_fast_ones_are_absent_or_behind(server: NatsServer) -> None:
    models = {"classic": "fakes.generators:instant"}
    async with asking(server) as queue, asking(server) as slow:
        async with asking(server) as fast:
            fast.serve(WorkerAdvert("fast", "fast", "1", "r", models, 0.01, 8))
            slow.serve(WorkerAdvert("slow", "slow", "1", "r", models, 0.2, 1))
            await until(lambda: len(slow.workers.working()) == len(fast.workers.working()) == 2)
            patient = asyncio.create_task(slow.pull(1, 0))
            for number in range(10):
                await queue.submit(a_job(number))
                (lease,) = await fast.pull(1, 0)
                await lease.done(FaceResult(lease.job.key, b"face", 8, 8, 1.0))
            assert not patient.done(), "one job at a time is nothing for it"
            for number in range(10, 40):
                await queue.submit(a_job(number))
            (lease,) = await patient
            await lease.release()
        await until(lambda: [worker.id for worker in slow.workers.working()] == ["slow"])
        (lease,) = await slow.pull(1, 0)
        assert lease.job.model_id == models["classic"], "now that it is alone"


async def test_a_fast_worker_that_takes_nothing_any_more_does_not_keep_a_slow_one_from_working(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.queue.nats.leasing.STILL_S", 0.1)  # and the lease counts
    models = {"classic": "fakes.generators:instant"}
    async with asking(server) as queue, asking(server) as slow, asking(server) as fast:
        fast.serve(WorkerAdvert("fast", "fast", "1", "r", models, 0.001, 8))  # … whose child does not start any more
        slow.serve(WorkerAdvert("slow", "slow", "1", "r", models, 0.2, 1))
        await until(lambda: len(slow.workers.present()) == 2)
        await queue.submit(a_job(1))
        async with asyncio.timeout(PATIENCE_S):
            (lease,) = await slow.pull(1, 0)
        await lease.done(FaceResult(lease.job.key, b"face", 8, 8, 1.0))


async def test_the_bot_draws_with_workers_elsewhere(tmp_path: Path, server: NatsServer) -> None:
    settings = {"inference.runtime": "fakes.generators:instant", "queue.url": server.url}
    async with (
        running_program(tmp_path / "bot", settings) as bot,
        worker(tmp_path, server),
        aiohttp.ClientSession() as http,
    ):
        await bot.logged("web_started")
        async with http.post(f"{bot.url}/api/faces", json={"text": "!face 😂"}) as answer:
            assert answer.status == 202, await answer.text()
            request_id = (await answer.json())["id"]
        async with asyncio.timeout(PATIENCE_S):
            while (state := await (await http.get(f"{bot.url}/api/faces/{request_id}")).json())["state"] != "answered":
                assert state["state"] not in {"refused", "cancelled"}, state
                await asyncio.sleep(0.05)
        ready = await (await http.get(f"{bot.url}/health/ready")).json()
        assert ready["parts"]["worker"]["ok"]
