"""A FaceService with the real store, admission and embedded queue; catalogue, network and platform are fakes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.admission import Admission
from bot.command import FaceCommand
from bot.delivery import Answer
from bot.emotes.catalogue import Catalogue
from bot.emotes.compose import Inspect, unseen
from bot.errors import NothingToDraw, UnknownEmote
from bot.face_parts import FaceServiceParts
from bot.face_service import FaceService
from bot.metrics import Metrics
from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.policy.policy import Policy
from bot.stage.stage import Stage, StageParts
from bot.store.audit import Audit
from bot.store.database import open_database
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.shelf import Folder
from bot.store.staged_faces import StagedFaces
from config.queue import QueueSettings
from config.settings import RequestsSettings
from inference.protocol import FaceOptions, Frame, Picture, Style
from inference.queue.memory import MemoryQueue
from tests.fakes.policies import OPEN, caps, policy_on
from tests.fakes.worker import FakeWorker
from tests.polling import PATIENCE_S, until

PUBLIC_URL = "https://faces.example"
MODEL_IDS = {Style.CLASSIC: "classic-1"}
ORIGIN = Origin(Platform.DISCORD, "guild", "channel", "user")
JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
QUEUE = QueueSettings.model_validate(
    {"url": "memory:", "max_jobs": 64, "max_attempts": 3, "lease_s": 60, "cache_ttl_s": 60, "cache_mb": 1}
)


def face(*words: str, options: FaceOptions | None = None) -> FaceCommand:
    return FaceCommand(words, options or FaceOptions())


class FakeResolver:
    """Every word is an emote of that name, but for `unknown`."""

    async def resolve(self, origin: Origin, words: tuple[str, ...], nearby: Catalogue) -> tuple[Emote, ...]:
        if not words:
            raise NothingToDraw
        if "unknown" in words:
            raise UnknownEmote(("joy",))
        return tuple(Emote(EmoteSource.UNICODE, word, word) for word in words)

    def note_use(self, origin: Origin, emotes: tuple[Emote, ...]) -> None:
        pass


class FakeFetcher:
    """A pixel for every emote, in so many `frames`, or `error`; `reach` holds it up until the event is set."""

    def __init__(self) -> None:
        self.fetched: Counter[str] = Counter()
        self.error: Exception | None = None
        self.frames = 1
        self.reached = asyncio.Event()
        self.reached.set()

    async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture:
        self.fetched[emote.id] += 1
        await self.reached.wait()
        if self.error:
            raise self.error
        colour = sum(emote.id.encode()).to_bytes(3, "big")
        picture = Picture(1, 1, (Frame(colour + b"\xff", 50),) * self.frames)
        await inspect(picture)
        return picture


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call of the deliverer."""

    request: FaceRequest
    answer: Answer
    maybe_sent: bool


class FakeDeliverer:
    """Notes every try; raises the next of `failures`, if any, before it takes an answer."""

    def __init__(self) -> None:
        self.tries: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.failures: list[Exception] = []
        self.reached = asyncio.Event()
        self.reached.set()

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        delivery = Delivery(request, answer, maybe_sent)
        self.tries.append(delivery)
        await self.reached.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(delivery)
        return f"message for {request.id}"

    def answers_to(self, request: FaceRequest) -> list[Answer]:
        return [delivery.answer for delivery in self.taken if delivery.request.id == request.id]


@dataclass(slots=True)
class Serving:
    """A service and everything around it."""

    service: FaceService
    requests: RequestStore
    pictures: PictureStore
    policy: Policy
    queue: MemoryQueue
    admission: Admission
    worker: FakeWorker
    metrics: Metrics
    stage: Stage
    engine: AsyncEngine
    fetcher: FakeFetcher = field(default_factory=FakeFetcher)
    deliverer: FakeDeliverer = field(default_factory=FakeDeliverer)

    async def state(self, request_id: str) -> RequestState:
        stored = await self.requests.get(request_id)
        assert stored is not None
        return stored.state

    async def finished(self, request: FaceRequest) -> FaceRequest:
        """The request as stored, once it has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            async for _ in self.service.watch(request.id):
                pass
        stored = await self.requests.get(request.id)
        assert stored is not None
        return stored

    async def answered(self, *words: str) -> FaceRequest:
        """Ask and wait for the end."""
        return await self.finished(await self.service.ask(ORIGIN, face(*words)))

    async def at_work(self) -> None:
        """Return once the worker holds a job."""
        await until(lambda: bool(self.worker.pulled))

    def counted(self, metric: str) -> bool:
        """Whether this line is in the metrics."""
        return metric in self.metrics.render().decode().splitlines()


@asynccontextmanager
async def assembled(
    folder: Path,
    settings: RequestsSettings | None = None,
    *,
    model_ids: Mapping[Style, str] = MODEL_IDS,
    platforms: tuple[Platform, ...] = (Platform.DISCORD, Platform.WEB),
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Serving]:
    """Everything built on the database in `folder`, the service not running yet."""
    settings = settings or caps()
    queue, metrics, fetcher = MemoryQueue(QUEUE), Metrics(), FakeFetcher()
    worker, admission = FakeWorker(queue), Admission(queue, window=4)
    async with open_database(f"sqlite+aiosqlite:///{folder / 'emoteface.db'}") as engine, worker.running():
        requests, policy = RequestStore(engine), policy_on(engine, settings, clock=clock, **OPEN | {"realism": 0.5})
        pictures = PictureStore(engine, Folder(folder / "pictures"))
        staged = StageParts(StagedFaces(engine), requests, pictures, policy, queue, Audit(engine))
        stage = Stage(staged, PUBLIC_URL, clock=clock)
        parts = FaceServiceParts(FakeResolver(), fetcher, requests, pictures, policy, admission, metrics, stage)
        service = FaceService(parts, settings, model_ids=model_ids, clock=clock)
        serving = Serving(
            service, requests, pictures, policy, queue, admission, worker, metrics, stage, engine, fetcher=fetcher
        )
        for platform in platforms:
            service.add_deliverer(platform, serving.deliverer)
        yield serving


@asynccontextmanager
async def serving_faces(
    folder: Path, settings: RequestsSettings | None = None, **values: Any
) -> AsyncIterator[Serving]:
    """The same, running; requests still in work at the end get no grace."""
    async with assembled(folder, settings, **values) as serving, serving.service.running(grace_s=0):
        yield serving
