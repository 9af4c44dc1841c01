"""A worker: takes jobs from a NATS queue and draws them until it is stopped. `worker_command` is its command line."""

from __future__ import annotations

import asyncio
import importlib.metadata
import signal
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import structlog

from config.settings import Settings
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from inference.served import served_model_ids
from inference.supervisor import Supervisor

log = structlog.get_logger(__name__)

BEAT_S = 5.0


async def work(settings: Settings, *, name: str, paused: bool = False, heartbeat: Path | None = None) -> str | None:
    """Serve the queue until a signal says stop, then finish the batch in hand or give it back.

    Return the words for it when the server refuses this worker from the start. `heartbeat` is touched every few seconds
    while all is well. Raise WeightsMissing.
    """
    models = {style.value: model_id for style, model_id in served_model_ids(settings.inference).items()}
    advert = WorkerAdvert(
        id=uuid.uuid4().hex,
        name=name,
        version=importlib.metadata.version("emoteface"),
        runtime=settings.inference.runtime,
        models=models,
        seconds_per_cost=1.0,
        max_batch=settings.inference.max_batch,
        paused=paused,
    )
    async with open_nats_queue(settings.queue, asks=False) as queue, asyncio.TaskGroup() as tasks:
        supervisor = Supervisor(
            queue,
            settings.worker,
            settings.queue,
            model_ids=served_model_ids(settings.inference),
            observer=_Unobserved(),
            stop_grace_s=settings.shutdown.grace_s,
            on_ready=_offer(queue, advert),
        )
        supervising = tasks.create_task(supervisor.run())
        beating = tasks.create_task(_beat(heartbeat, lambda: queue.connection.up and supervisor.ready))
        log.info("worker_started", worker=advert.id, name=name, models=models)
        refused = await _end_of_work(queue)
        log.info("worker_stopping", grace_s=settings.shutdown.grace_s)
        queue.pause(True)
        beating.cancel()
        supervising.cancel()
        await asyncio.wait({supervising})
    log.info("worker_stopped")
    return refused


def _offer(queue: NatsQueue, advert: WorkerAdvert) -> Callable[[float], None]:
    """Nobody is told of a worker before its child has shown that it draws, and how fast."""

    def ready(seconds_per_cost: float) -> None:
        queue.serve(replace(advert, seconds_per_cost=seconds_per_cost))

    return ready


async def _beat(file: Path | None, is_well: Callable[[], bool]) -> None:
    while file is not None:
        if is_well():
            await asyncio.to_thread(file.touch)
        await asyncio.sleep(BEAT_S)


async def _end_of_work(queue: NatsQueue) -> str | None:
    """Wait for a signal that says stop, or for the server to refuse a worker that it has never let in; then why."""
    async with asyncio.TaskGroup() as group:
        ends = stopped, refused = (
            group.create_task(_signalled(queue)),
            group.create_task(queue.connection.until_refused()),
        )
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        refused.cancel()
    return None if refused.cancelled() else refused.result()


async def _signalled(queue: NatsQueue) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, queue.pause, True)
    loop.add_signal_handler(signal.SIGUSR2, queue.pause, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):  # a second one ends at once
        loop.remove_signal_handler(number)


class _Unobserved:
    """A worker's figures are in its adverts; the bots have the metrics."""

    def batch_drawn(self, jobs: int) -> None:
        log.debug("batch_drawn", jobs=jobs)

    def face_drawn(self, inference_s: float) -> None:
        log.debug("face_drawn", inference_s=inference_s)

    def child_restarted(self) -> None:
        log.warning("inference_child_restarted")
