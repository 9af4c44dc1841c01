"""Three servers that keep every message three times, as docker-compose.three.yml has them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.queue import NatsSettings, QueueSettings
from inference.protocol import FaceJob, FaceOptions, FaceOutcome, FaceResult, Frame, Layout, Picture
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.names import JOBS
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from tests.polling import until
from tests.servers.nats import NatsCluster, nats_cluster

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]

PATIENCE_S = 120
MODEL = "model"
JOBS_AT_ONCE = 300


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[NatsCluster]:
    async with nats_cluster(tmp_path) as running:
        yield running


def settings(cluster: NatsCluster) -> QueueSettings:
    return QueueSettings(
        url=cluster.url, max_jobs=2000, max_attempts=4, lease_s=3, cache_ttl_s=300, cache_mb=16,
        nats=NatsSettings(replicas=3),
    )  # fmt: skip


def a_job(number: int) -> FaceJob:
    pixel = bytes((number % 200, number // 200, 7, 255))
    picture = Picture(8, 8, (Frame(pixel * 64),))
    return FaceJob(MODEL, (picture,), FaceOptions(layout=Layout.FACE), time.time() + PATIENCE_S)


@asynccontextmanager
async def both_sides(cluster: NatsCluster) -> AsyncIterator[NatsQueue]:
    """Who asks; somebody answers at once, on a connection of their own."""

    async def work(queue: NatsQueue) -> None:
        while True:
            leases = await queue.pull(32, 1)
            async with asyncio.TaskGroup() as group:
                for lease in leases:
                    group.create_task(lease.done(FaceResult(lease.job.key, b"face", 8, 8, 1.0)))

    async with (
        open_nats_queue(settings(cluster), asks=True) as asking,
        open_nats_queue(settings(cluster), asks=False) as working,
        asyncio.TaskGroup() as tasks,
    ):
        working.serve(WorkerAdvert("w", "w", "1", "r", {"classic": MODEL}, 0.001, 32))
        answering = tasks.create_task(work(working))
        await until(lambda: asking.connection.up and working.connection.up)
        yield asking
        answering.cancel()


async def draw(queue: NatsQueue, job: FaceJob) -> FaceOutcome:
    return await queue.result(await queue.submit(job), PATIENCE_S)


async def test_the_leader_of_the_jobs_killed_in_live_flow_loses_nothing(cluster: NatsCluster) -> None:
    jobs = [a_job(number) for number in range(JOBS_AT_ONCE)]
    async with both_sides(cluster) as queue:
        stream = await queue.connection.api(f"STREAM.INFO.{JOBS}")
        assert stream["config"]["num_replicas"] == 3
        drawn = [asyncio.create_task(draw(queue, job)) for job in jobs]
        await until(lambda: any(task.done() for task in drawn))
        await cluster.named(stream["cluster"]["leader"]).kill()
        outcomes = await asyncio.gather(*drawn)
        assert [outcome.key for outcome in outcomes] == [job.key for job in jobs]
        assert {type(outcome) for outcome in outcomes} == {FaceResult}
