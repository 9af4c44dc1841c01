"""Rows that need less than a whole installation: the embedded profile on a full disk, and the queue alone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Literal

from config.queue import NatsSettings, QueueSettings
from inference.protocol import FaceJob, FaceOptions, FaceOutcome, FaceResult, Frame, Layout, Picture
from inference.queue.nats.names import JOBS
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.disks import fill
from tests.faults.watching import AFTER_S, BEFORE_S, Crowd, Row, through
from tests.polling import until
from tests.program import running_program
from tests.servers.nats import NatsCluster, NatsServer, nats_cluster, nats_server

MODEL = "fakes.generators:instant"
QUEUED = 1000
FULL_S = 10.0
AWAY_S = 10.0
QUEUE = QueueSettings(url="memory:", max_jobs=2000, max_attempts=3, lease_s=30, cache_ttl_s=300, cache_mb=64)


def smaller_rows() -> dict[str, Callable[[], Awaitable[Row]]]:
    """By their names."""
    rows: dict[str, Callable[[], Awaitable[Row]]] = {
        f"SIGKILL of NATS with {QUEUED:,} jobs waiting, started again": nats_killed_with_many_waiting,
        "three NATS servers: SIGKILL of the leader of the jobs": leader_killed,
        "three NATS servers: one after the other killed and started again": each_killed_in_turn,
    }
    if os.geteuid() == 0:
        rows[f"disk full for {FULL_S:.0f} s, embedded profile"] = disk_full
    return rows


async def nats_killed_with_many_waiting() -> Row:
    """Nobody works until the server is back; then a worker comes."""
    row = Row(asked=QUEUED)
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        async with nats_server(folder / "nats") as server, _asking(server) as queue:
            tickets = [await queue.submit(_job(number)) for number in range(QUEUED)]
            row.accepted = len(tickets)
            await server.kill()
            killed_at = time.monotonic()
            await server.start()
            settings = {"inference.runtime": MODEL, "queue.url": server.url}
            async with running_program(folder / "worker", settings, ("inference", "worker")):
                outcomes = [asyncio.create_task(queue.result(ticket, 120)) for ticket in tickets]
                await asyncio.wait(outcomes, return_when=asyncio.FIRST_COMPLETED)
                row.first_s = time.monotonic() - killed_at
                drawn = await asyncio.gather(*outcomes)
                row.last_s = time.monotonic() - killed_at
    row.once = sum(isinstance(outcome, FaceResult) for outcome in drawn)
    row.in_words = QUEUED - row.once
    return row


async def leader_killed() -> Row:
    """It stays away."""

    async def fault(cluster: NatsCluster, queue: NatsQueue) -> float:
        stream = await queue.connection.api(f"STREAM.INFO.{JOBS}")
        await cluster.named(stream["cluster"]["leader"]).kill()
        return time.monotonic()

    return await _in_a_cluster(fault)


async def each_killed_in_turn() -> Row:
    """Each comes back before the next goes."""

    async def fault(cluster: NatsCluster, queue: NatsQueue) -> float:
        for server in cluster.servers:
            await server.kill()
            await asyncio.sleep(AWAY_S)
            await server.start()
            await asyncio.sleep(AWAY_S)
        return time.monotonic()

    return await _in_a_cluster(fault)


async def _in_a_cluster(fault: Callable[[NatsCluster, NatsQueue], Awaitable[float]]) -> Row:
    """A job every tenth of a second, before, during and after it, with one worker."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        async with nats_cluster(folder) as cluster, _asking(cluster, replicas=3) as queue:
            settings = {"inference.runtime": MODEL, "queue.url": cluster.url, "queue.nats.replicas": "3"}
            async with running_program(folder / "worker", settings, ("inference", "worker")) as worker:
                await worker.logged("inference_child_started")
                await until(lambda: bool(queue.workers.working()))
                drawn: list[tuple[float, asyncio.Task[tuple[FaceOutcome, float]]]] = []

                async def ask_on() -> None:
                    while True:
                        drawn.append((time.monotonic(), asyncio.create_task(_drawn(queue, _job(len(drawn))))))
                        await asyncio.sleep(0.1)

                asking = asyncio.create_task(ask_on())
                await asyncio.sleep(BEFORE_S)
                ended_at = await fault(cluster, queue)
                await asyncio.sleep(AFTER_S)
                asking.cancel()
                answers = await asyncio.gather(*(task for _, task in drawn))
    row = Row(asked=len(answers), accepted=len(answers))
    row.once = sum(isinstance(outcome, FaceResult) for outcome, _ in answers)
    row.in_words = len(answers) - row.once
    row.first_s = min(at for _, at in answers if at > ended_at) - ended_at
    asked_before = [at for (asked_at, _), (_, at) in zip(drawn, answers, strict=True) if asked_at <= ended_at]
    row.last_s = max(0.0, max(asked_before) - ended_at)
    return row


async def _drawn(queue: NatsQueue, job: FaceJob) -> tuple[FaceOutcome, float]:
    outcome = await queue.result(await queue.submit(job), 280)
    return outcome, time.monotonic()


@asynccontextmanager
async def _asking(server: NatsServer | NatsCluster, replicas: Literal[1, 3] = 1) -> AsyncIterator[NatsQueue]:
    settings = QUEUE.model_copy(update={"url": server.url, "nats": NatsSettings(replicas=replicas)})
    async with open_nats_queue(settings, asks=True) as queue:
        await until(lambda: queue.connection.up)
        yield queue


def _job(number: int) -> FaceJob:
    pixel = bytes((number % 200, number // 200, 7, 255))
    picture = Picture(8, 8, (Frame(pixel * 64),))
    return FaceJob(MODEL, (picture,), FaceOptions(layout=Layout.FACE), time.time() + 300)


class Embedded:
    """The one process of the default, with SQLite on a small disk."""

    def __init__(self, discord: FakeDiscord, disk: Path) -> None:
        self.discord = discord
        self.disk = disk

    async def requests(self) -> dict[str, str]:
        with closing(sqlite3.connect(self.disk / "emoteface.db", timeout=30)) as database:
            return dict(database.execute("SELECT question_ref, state FROM request").fetchall())


async def disk_full() -> Row:
    """Of a file system of a few megabytes."""
    with _small_disk() as disk:
        async with FakeDiscord() as discord:
            settings = {"inference.runtime": MODEL, "servers.cooldown_s": "0", **discord.variables()}
            async with running_program(disk, settings) as program:
                await program.logged("discord_commands_registered")
                return await through(Embedded(discord, disk), _full)


@contextmanager
def _small_disk() -> Iterator[Path]:
    """Which only root can have."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", name], check=True)
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


async def _full(place: Embedded, crowd: Crowd) -> None:
    filler = await asyncio.to_thread(fill, place.disk)
    await asyncio.sleep(FULL_S)
    filler.unlink()
