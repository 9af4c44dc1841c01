"""`make bench-scale`: what the queue costs, embedded and on a NATS server of this machine, drawing nothing.

A worker in a process of its own answers every job at once; a simulated GPU takes 2 ms a batch. Other work on
the machine makes the times longer; the processor time that a job takes in each process says more about the program.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from config.queue import QueueSettings
from inference.protocol import FaceJob, FaceOptions, FaceResult, Frame, Picture
from inference.queue.interface import JobQueue
from inference.queue.memory import MemoryQueue
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.queue import open_nats_queue
from tests.servers.nats import nats_server

SETTINGS = QueueSettings(url="memory:", max_jobs=2000, max_attempts=3, lease_s=30, cache_ttl_s=60, cache_mb=64)
MODEL = "bench"
ONE_BY_ONE = 500
MANY = 6000
REPEATS = 3  # of which the median counts
AT_ONCE = 256
GPU_S = 0.002
MAX_BATCH = 32
FACE = bytes(20_000)  # about what a plain face takes
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class GpuShare:
    """How a simulated GPU was used: jobs a batch, and the share of the time in which it had nothing to do."""

    fill: float
    idle: float


def a_job() -> FaceJob:
    """A new one every time, of 72 × 72 px."""
    pixel = next(_numbers).to_bytes(3) + b"\xff"
    return FaceJob(MODEL, (Picture(72, 72, (Frame(pixel * 72 * 72),)),), FaceOptions(), time.time() + 600)


async def answer(queue: JobQueue, *, gpu_s: float = 0.0, fill_ms: float = 0.0) -> GpuShare:
    """Work until cancelled, then say how."""
    jobs = batches = 0
    busy_s, began = 0.0, 0.0
    try:
        while True:
            leases = await queue.pull(MAX_BATCH, fill_ms)
            began = began or time.perf_counter()
            batches, jobs = batches + 1, jobs + len(leases)
            if gpu_s:
                await asyncio.sleep(gpu_s)
                busy_s += gpu_s
            async with asyncio.TaskGroup() as group:
                for lease in leases:
                    group.create_task(lease.done(FaceResult(lease.job.key, FACE, 128, 128, 1.0)))
    except asyncio.CancelledError:
        return GpuShare(jobs / max(1, batches), 1 - busy_s / max(1e-9, time.perf_counter() - began))


async def round_trips_ms(queue: JobQueue) -> list[float]:
    """One asker, one job after the other."""
    took = []
    for _ in range(ONE_BY_ONE):
        job, began = a_job(), time.perf_counter()
        await queue.result(await queue.submit(job), 60)
        took.append((time.perf_counter() - began) * 1000)
    return took


@dataclass(frozen=True, slots=True)
class Rate:
    """Jobs a second, and the processor time of a job in this process and in others, in µs."""

    jobs: float
    used_us: tuple[float, ...]


async def jobs_a_second(queue: JobQueue, *others: int) -> Rate:
    """With many askers at once; `others` are ids of processes that have a part in it."""
    measured = [await _jobs_a_second(queue, others) for _ in range(REPEATS)]
    used = zip(*(each.used_us for each in measured), strict=True)
    return Rate(statistics.median(each.jobs for each in measured), tuple(map(statistics.median, used)))


async def _jobs_a_second(queue: JobQueue, others: Sequence[int]) -> Rate:
    jobs = iter([a_job() for _ in range(MANY)])

    async def ask() -> None:
        for job in jobs:
            await queue.result(await queue.submit(job), 60)

    processes = (os.getpid(), *others)
    began, before = time.perf_counter(), [used_s(pid) for pid in processes]
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(ask())
    took_s, after = time.perf_counter() - began, [used_s(pid) for pid in processes]
    return Rate(MANY / took_s, tuple((end - start) / MANY * 1e6 for start, end in zip(before, after, strict=True)))


def used_s(pid: int) -> float:
    """The processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def answering_elsewhere(url: str) -> AsyncIterator[int]:
    """A worker, by the id of its process."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.scale", url)
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def serve(url: str) -> None:
    """The worker's process."""
    async with open_nats_queue(SETTINGS.model_copy(update={"url": url}), asks=False) as queue:
        queue.serve(WorkerAdvert("bench", "bench", "1", "none", {"classic": MODEL}, 1e-5, MAX_BATCH))
        await answer(queue)


async def on_gpu(asked: JobQueue, worker: JobQueue) -> GpuShare:
    """Use of the simulated GPU while many ask."""
    working = asyncio.create_task(answer(worker, gpu_s=GPU_S, fill_ms=5))
    await asyncio.sleep(0)
    await jobs_a_second(asked)
    working.cancel()
    return await working


def row(name: str, trips: Sequence[float], rate: Rate, share: GpuShare) -> str:
    ordered = sorted(trips)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    used = " + ".join(f"{each:.0f}" for each in rate.used_us)
    return f"| {name} | {p50:.2f} | {p99:.2f} | {rate.jobs:,.0f} | {used} | {share.fill:.1f} | {share.idle:.0%} |"


async def main() -> None:
    """Print the table."""
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before the run\n")
    print("| queue | round trip p50, ms | p99, ms | jobs a second | processor µs a job | jobs a batch | GPU idle |")
    print("|---|---|---|---|---|---|---|")
    memory = MemoryQueue(SETTINGS)
    working = asyncio.create_task(answer(memory))
    trips, rate = await round_trips_ms(memory), await jobs_a_second(memory)
    working.cancel()
    await asyncio.wait({working})
    print(row("embedded", trips, rate, await on_gpu(memory, memory)), flush=True)
    with TemporaryDirectory(prefix="emoteface-") as folder:
        async with nats_server(Path(folder)) as server:
            settings = SETTINGS.model_copy(update={"url": server.url})
            async with open_nats_queue(settings, asks=True) as queue:
                await queue.connection.until_up()
                async with answering_elsewhere(server.url) as worker_pid:
                    await queue.result(await queue.submit(a_job()), 60)
                    trips = await round_trips_ms(queue)
                    rate = await jobs_a_second(queue, worker_pid, server.pid)
                async with open_nats_queue(settings, asks=False) as worker:
                    worker.serve(WorkerAdvert("gpu", "gpu", "1", "none", {"classic": MODEL}, 1e-5, MAX_BATCH))
                    share = await on_gpu(queue, worker)
            print(row("NATS (bot + worker + server)", trips, rate, share))
            print(f"\nload {os.getloadavg()[0]:.1f} after the run")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(serve(sys.argv[1]) if len(sys.argv) > 1 else main())
