"""The program behind `python -m inference worker`: takes jobs from a NATS queue and draws them until it is stopped.

Any number of them run on a machine and on any number of machines, each with a child of its own. The settings are the
bot's, from the same places; what a worker needs of them is `queue` and `inference`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace

import structlog

from config.settings import Settings, SettingsError, load_settings
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.queue import NatsQueue, open_nats_queue
from inference.served import served_model_ids
from inference.supervisor import Supervisor
from inference.weights import WeightsMissing

log = structlog.get_logger(__name__)

OK, USAGE = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What differs between the workers of one machine; everything else is in the settings."""
    parser.description = (
        "Draw faces for the bots on the NATS server of queue.url. SIGTERM finishes the batch in hand and ends; SIGUSR1 "
        "takes no more jobs until SIGUSR2."
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--gpu", type=int, metavar="N", help="the number of the GPU to draw on (as nvidia-smi counts)")
    place.add_argument("--cpu", action="store_true", help="leave GPUs alone")
    parser.add_argument("--gpu-memory-mb", type=int, metavar="MB", help="take no more than this of the GPU's memory")
    parser.add_argument("--name", default=socket.gethostname(), help="shown to the operator; the machine's by default")
    parser.add_argument("--paused", action="store_true", help="take no jobs before SIGUSR2")


def run(arguments: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    try:
        settings = _chosen(load_settings(), arguments)
    except SettingsError as error:
        print(f"The settings cannot be used:\n{error}", file=sys.stderr)  # noqa: T201
        return USAGE
    if settings.queue.embedded:
        print("A worker needs a NATS server: set queue.url (docs/scale.md).", file=sys.stderr)  # noqa: T201
        return USAGE
    _log(settings)
    try:
        asyncio.run(work(settings, name=arguments.name, paused=arguments.paused))
    except WeightsMissing as error:
        print(f"There is nothing to draw with: {error}", file=sys.stderr)  # noqa: T201
        return USAGE
    return OK


async def work(settings: Settings, *, name: str, paused: bool = False) -> None:
    """Serve the queue until a signal says stop, then finish the batch in hand or give it back. Raise WeightsMissing."""
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
        log.info("worker_started", worker=advert.id, name=name, models=models)
        await _signalled(queue)
        log.info("worker_stopping", grace_s=settings.shutdown.grace_s)
        queue.pause(True)
        supervising.cancel()
        await asyncio.wait({supervising})
    log.info("worker_stopped")


def _offer(queue: NatsQueue, advert: WorkerAdvert) -> Callable[[float], None]:
    """Nobody is told of a worker before its child has shown that it draws, and how fast."""

    def ready(seconds_per_cost: float) -> None:
        queue.serve(replace(advert, seconds_per_cost=seconds_per_cost))

    return ready


async def _signalled(queue: NatsQueue) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, queue.pause, True)
    loop.add_signal_handler(signal.SIGUSR2, queue.pause, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):  # a second one ends at once
        loop.remove_signal_handler(number)


def _chosen(settings: Settings, arguments: argparse.Namespace) -> Settings:
    """The settings with what the command line says; the GPU is chosen for the child by the driver's own variable."""
    changes: dict[str, object] = {}
    if arguments.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        if settings.inference.runtime == "auto":
            changes["runtime"] = "openvino"
    elif arguments.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(arguments.gpu)
    if arguments.gpu_memory_mb is not None:
        changes["gpu_memory_mb"] = arguments.gpu_memory_mb
    return settings.model_copy(update={"inference": settings.inference.model_copy(update=changes)})


def _log(settings: Settings) -> None:
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    on_terminal = settings.log.format == "console" or (settings.log.format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class _Unobserved:
    """A worker's figures are in its adverts; the bots have the metrics."""

    def batch_drawn(self, jobs: int) -> None:
        log.debug("batch_drawn", jobs=jobs)

    def face_drawn(self, inference_s: float) -> None:
        log.debug("face_drawn", inference_s=inference_s)

    def child_restarted(self) -> None:
        log.warning("inference_child_restarted")
