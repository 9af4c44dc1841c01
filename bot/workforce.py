"""Who draws, as `queue` says: a child of this program, or workers elsewhere behind a NATS server, which may be our own.

With `bot.core` and `bot.app` a part of the composition root.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import math
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import structlog

from bot.metrics import Metrics
from bot.store.settings_cache import Others, Unheard
from config.queue import Served
from config.settings import Settings
from inference.protocol import Style
from inference.queue.interface import JobQueue
from inference.queue.memory import MemoryQueue
from inference.served import served_model_ids
from inference.supervisor import Supervisor
from inference.weights import WeightsMissing

log = structlog.get_logger(__name__)

WORKER_GRACE_S = 5.0
FIRST_ADVERTS_S = 3.0  # how long a start waits to hear who is there; nothing is lost by going on without
LOOK_S = 0.05


class Workforce(Protocol):
    """Whether faces can be drawn now, and why not."""

    @property
    def ready(self) -> bool: ...

    @property
    def problem(self) -> str | None: ...

    @property
    def detail(self) -> Mapping[str, Any]:
        """For the operator's eyes."""
        ...


@dataclass(frozen=True, slots=True)
class Drawing:
    """The queue, who works on it, and who else asks. `model_ids` may change whenever workers come and go."""

    queue: JobQueue
    workforce: Workforce
    model_ids: Mapping[Style, str]
    workers: Callable[[], int]
    others: Others


@asynccontextmanager
async def open_drawing(settings: Settings, metrics: Metrics) -> AsyncIterator[Drawing]:
    """Both are at work inside the block. Whoever is not there yet is waited for by those who ask for faces."""
    if settings.queue.embedded:
        queue, model_ids = MemoryQueue(settings.queue, reused=metrics.face_reused), _own_model_ids(settings)
        supervisor = _supervisor(settings, queue, model_ids, metrics)
        async with _at_work(supervisor):
            yield Drawing(queue, _OwnChild(supervisor), model_ids, workers=lambda: 1, others=Unheard())
        return
    served = settings.queue.nats.served
    async with _open_own_nats(settings, served, metrics) if served else _open_nats(settings, metrics) as drawing:
        yield drawing


@asynccontextmanager
async def _open_own_nats(settings: Settings, served: Served, metrics: Metrics) -> AsyncIterator[Drawing]:
    """On a server that runs as long as the queue is open, and a little longer."""
    from bot.nats_server.identity import identity_for  # only who serves needs these
    from bot.nats_server.process import nats_server

    identity = await asyncio.to_thread(identity_for, served, settings.data_dir)
    async with nats_server(identity) as server:
        queue = identity.queue_settings(settings.queue)
        async with _open_nats(settings.model_copy(update={"queue": queue}), metrics, lambda: server.problem) as drawing:
            log.info("workers_welcome", hint="`emoteface join` prints the line that brings another machine to work")
            yield drawing


@asynccontextmanager
async def _open_nats(
    settings: Settings, metrics: Metrics, server_problem: Callable[[], str | None] = lambda: None
) -> AsyncIterator[Drawing]:
    from inference.queue.nats.adverts import WorkerAdvert  # only who uses NATS needs its library
    from inference.queue.nats.queue import open_nats_queue

    own = _own_model_ids(settings)
    async with open_nats_queue(settings.queue, asks=True, reused=metrics.face_reused) as queue:
        advertised = queue.workers

        def offer(seconds_per_cost: float) -> None:
            models = {style.value: model_id for style, model_id in own.items()}
            version, inference = importlib.metadata.version("emoteface"), settings.inference
            name = f"{socket.gethostname()} (bot)"
            queue.serve(
                WorkerAdvert(
                    uuid.uuid4().hex, name, version, inference.runtime, models, seconds_per_cost, inference.max_batch
                )
            )

        drawing = Drawing(
            queue,
            _Elsewhere(
                lambda: server_problem() or queue.connection.problem,
                lambda: [asdict(each) for each in advertised.present()],
            ),
            _Live(lambda: advertised.models() or own),
            workers=lambda: max(1, len(advertised.working())),
            others=queue.news,
        )
        if settings.queue.nats.work_here:
            async with _at_work(_supervisor(settings, queue, own, metrics, on_ready=offer)):
                yield drawing
            return
        await _first_adverts(drawing)
        yield drawing


async def _first_adverts(drawing: Drawing) -> None:
    for _ in range(math.ceil(FIRST_ADVERTS_S / LOOK_S)):
        if drawing.workforce.ready:
            return
        await asyncio.sleep(LOOK_S)
    log.warning("no_worker_yet", problem=drawing.workforce.problem)


def _supervisor(
    settings: Settings,
    queue: JobQueue,
    model_ids: Mapping[Style, str],
    metrics: Metrics,
    *,
    on_ready: Callable[[float], None] = lambda seconds_per_cost: None,
) -> Supervisor:
    return Supervisor(
        queue,
        settings.worker,
        settings.queue,
        model_ids=model_ids,
        observer=metrics,
        stop_grace_s=WORKER_GRACE_S,
        on_ready=on_ready,
    )


@asynccontextmanager
async def _at_work(supervisor: Supervisor) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(supervisor.run())
        yield
        task.cancel()


def _own_model_ids(settings: Settings) -> Mapping[Style, str]:
    try:
        return served_model_ids(settings.inference)
    except WeightsMissing as error:
        log.error("weights_missing", reason=str(error))
        return {}


class _OwnChild:
    """The supervisor's child."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    @property
    def ready(self) -> bool:
        return self._supervisor.ready

    @property
    def problem(self) -> str | None:
        return self._supervisor.problem

    @property
    def detail(self) -> Mapping[str, Any]:
        return {"child_pid": self._supervisor.child_pid, "problem": self.problem}


class _Elsewhere:
    """Workers that say they are there."""

    def __init__(self, problem: Callable[[], str | None], present: Callable[[], list[dict[str, Any]]]) -> None:
        self._problem = problem
        self._present = present

    @property
    def ready(self) -> bool:
        return any(not worker["paused"] for worker in self._present())

    @property
    def problem(self) -> str | None:
        if self.ready:
            return None
        return self._problem() or "no worker is there"

    @property
    def detail(self) -> Mapping[str, Any]:
        return {"workers": self._present(), "problem": self.problem}


class _Live(Mapping[Style, str]):
    """A mapping that is looked up anew every time."""

    def __init__(self, look_up: Callable[[], Mapping[Style, str]]) -> None:
        self._look_up = look_up

    def __getitem__(self, style: Style) -> str:
        return self._look_up()[style]

    def __iter__(self) -> Iterator[Style]:
        return iter(self._look_up())

    def __len__(self) -> int:
        return len(self._look_up())
