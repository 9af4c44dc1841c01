"""The composition root: builds every part from the settings, runs them, and ends them in order.

It alone knows both sides; everybody else gets what they need by constructor. The order of the blocks below is the
order of the end, read upwards: first the requests in work finish, then the platforms close, the worker last.
"""

from __future__ import annotations

import asyncio
import fcntl
import math
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.admission import Admission
from bot.command import default_options
from bot.consent import Consent
from bot.decode.decoder import Decoder
from bot.delivery import PickUp
from bot.emotes.catalogue import ContentFlag
from bot.emotes.chat import ChatEmoteParts, ChatEmotes
from bot.emotes.compose import ComposedPictures
from bot.emotes.download import Downloader, guarded_connector
from bot.emotes.framing import FramedPictures, Framing
from bot.emotes.library import Library, OpenLibrary, open_library, picture_urls
from bot.emotes.links import Links, followed
from bot.emotes.names import NameGuard
from bot.emotes.picture import PictureFetcher, PictureSources
from bot.emotes.picture_files import PictureFiles
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.emotes.uploads import Uploads
from bot.face_service import FaceService, FaceServiceParts
from bot.health import Health, HealthPart
from bot.metrics import Metrics
from bot.models import Platform
from bot.store.database import open_database
from bot.store.opt_outs import OptOuts
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from bot.web.app import WebServer, build_app
from config.settings import RequestsSettings, Settings
from inference.protocol import Style
from inference.queue.memory import MemoryQueue
from inference.served import served_model_ids
from inference.supervisor import Supervisor
from inference.weights import WeightsMissing

log = structlog.get_logger(__name__)

WORKER_GRACE_S = 5.0
SWEEP_EVERY_S = 600.0
BATCHES_IN_QUEUE = 2  # more would only make the queue's order count instead of admission's


class AlreadyRunning(Exception):
    """Another emoteface uses this data directory."""


class WorkerUnavailable(Exception):
    """The inference child does not start."""


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that answers a request, without any platform."""

    service: FaceService
    uploads: Uploads
    emotes: ChatEmotes
    links: Links
    consent: Consent
    health: Health
    metrics: Metrics
    supervisor: Supervisor

    async def worker_ready(self) -> None:
        """Return once faces can be drawn; raise WorkerUnavailable with the reason when they cannot."""
        while not self.supervisor.ready:
            if self.supervisor.problem:
                raise WorkerUnavailable(self.supervisor.problem)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_core(settings: Settings, pictures_dir: Path | None = None) -> AsyncIterator[Core]:
    """All parts built and the worker starting; requests are served inside `core.service.running()`."""
    metrics, health, uploads = Metrics(), Health(), Uploads(max_file_bytes=settings.web.max_upload_bytes)
    model_ids = _model_ids(settings)
    queue = MemoryQueue(settings.queue, reused=metrics.face_reused)
    supervisor = Supervisor(
        queue, settings.worker, settings.queue, model_ids=model_ids, observer=metrics, stop_grace_s=WORKER_GRACE_S
    )
    async with (
        open_database(settings.store_url) as engine,
        aiohttp.ClientSession(connector=guarded_connector()) as session,
        Decoder(settings.emotes, max_bytes=_largest_file(settings)) as decoder,
        open_library(session, settings.emotes, settings.twitch, count=metrics.emote_source_asked) as library,
        _background(supervisor.run()),
    ):
        downloader = Downloader(session, settings.emotes, base_urls=_picture_hosts(settings))
        unicode, scope_settings, links = UnicodeCatalogue.load(), ScopeSettings(engine), _links(settings)
        emotes = _chat_emotes(settings, library, scope_settings, unicode=unicode, links=links)
        sources = PictureSources(downloader, uploads, unicode, picture_urls(settings))
        files = PictureFiles(settings.data_dir / "emotes", settings.emotes.cache_mb * 1_000_000)
        fetcher = PictureFetcher(decoder, sources, files)
        await fetcher.open()
        framing = Framing(settings.emotes.crop, settings.emotes.matte)
        parts = FaceServiceParts(
            resolver=emotes,
            fetcher=FramedPictures(ComposedPictures(fetcher), framing),
            requests=RequestStore(engine),
            pictures=PictureStore(engine, pictures_dir or settings.data_dir / "pictures"),
            scope_settings=scope_settings,
            admission=Admission(queue, BATCHES_IN_QUEUE * settings.inference.max_batch),
            metrics=metrics,
        )
        defaults = default_options(settings.inference)
        service = FaceService(parts, settings.requests, defaults=defaults, model_ids=model_ids)
        for platform in (Platform.WEB, Platform.CLI):
            service.add_deliverer(platform, PickUp())
        metrics.watch_queue(queue.stats)
        metrics.watch_emote_sources(library.library.states)
        _watch_health(health, engine, queue, supervisor, decoder)
        health.add("emotes", partial(_emote_sources, library.library))
        consent = Consent(scope_settings, OptOuts(engine))
        async with _background(_sweep(settings.requests, parts, fetcher)):
            yield Core(service, uploads, emotes, links, consent, health, metrics, supervisor)


def _catalogue_hosts(settings: Settings) -> list[str]:
    emotes = settings.emotes
    return [settings.twitch.cdn_url, emotes.bttv.cdn_url, emotes.ffz.cdn_url, emotes.seventv.cdn_url]


def _picture_hosts(settings: Settings) -> list[str]:
    return [settings.discord.cdn_url, settings.discord.media_url, *_catalogue_hosts(settings)]


def _links(settings: Settings) -> Links:
    return followed([settings.discord.cdn_url, settings.discord.media_url], _catalogue_hosts(settings))


def _chat_emotes(
    settings: Settings, library: OpenLibrary, scope_settings: ScopeSettings, *, unicode: UnicodeCatalogue, links: Links
) -> ChatEmotes:
    resolver = Resolver(unicode, library.library, NameGuard(settings.emotes.blocked_words), links)
    allowed = frozenset(map(ContentFlag, settings.emotes.allowed_flags))
    return ChatEmotes(ChatEmoteParts(resolver, library.channels, scope_settings, allowed, unicode.faces()))


async def _emote_sources(library: Library) -> HealthPart:
    """Always well: what is down is missed by those who ask for its emotes, and by nobody else."""
    return HealthPart(
        "emotes", ok=True, detail={source.value: state.value for source, state in library.states().items()}
    )


def _largest_file(settings: Settings) -> int:
    return max(settings.web.max_upload_bytes, settings.emotes.max_download_bytes)


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run beside the block and end with it; should it fail, so does the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


def _model_ids(settings: Settings) -> Mapping[Style, str]:
    try:
        return served_model_ids(settings.inference)
    except WeightsMissing as error:
        log.error("weights_missing", reason=str(error))
        return {}


async def _sweep(settings: RequestsSettings, parts: FaceServiceParts, fetcher: PictureFetcher) -> None:
    """Keep what the settings promise: pictures and finished requests go after `keep_pictures_h`; and emotes' pictures
    no longer than their sources allow."""
    while True:
        too_old = time.time() - settings.keep_pictures_h * 3600
        try:
            pictures = await parts.pictures.sweep(too_old, settings.max_pictures_mb * 1_000_000)
            requests = await parts.requests.forget_finished(too_old)
            emotes = await fetcher.sweep()
            log.debug("store_swept", pictures=pictures, requests=requests, emotes=emotes)
        except Exception:
            log.exception("sweep_failed")
        await asyncio.sleep(SWEEP_EVERY_S)


def _watch_health(
    health: Health, engine: AsyncEngine, queue: MemoryQueue, supervisor: Supervisor, decoder: Decoder
) -> None:
    async def store() -> HealthPart:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return HealthPart("store", ok=True)

    async def jobs() -> HealthPart:
        return HealthPart("queue", ok=True, detail=asdict(queue.stats()))

    async def worker() -> HealthPart:
        detail = {"child_pid": supervisor.child_pid, "problem": supervisor.problem}
        return HealthPart("worker", supervisor.ready, detail)

    async def decoding() -> HealthPart:
        return HealthPart("decoder", decoder.ready, {"decoded": decoder.stats.decoded, "lost": decoder.stats.lost})

    health.add("store", store)
    health.add("queue", jobs)
    health.add("worker", worker)
    health.add("decoder", decoding)


async def run(settings: Settings) -> None:
    """Everything that is configured, until SIGINT or SIGTERM; a second signal ends it at once.

    Raise AlreadyRunning when the data directory is in use, OSError (in a group) when the web address is.
    """
    with exclusive(settings.data_dir):
        async with open_core(settings) as core, asyncio.TaskGroup() as platforms:
            web = WebServer(
                build_app(core.service, core.uploads, core.health, core.metrics, web_settings=settings.web),
                settings.web,
            )
            serving = [platforms.create_task(web.run(), name="web")]
            if settings.discord.token:
                serving.append(platforms.create_task(_discord(settings, core).run(), name="discord"))
            async with core.service.running(settings.shutdown.grace_s):
                log.info("program_started", recovered=await core.service.recover())
                await _stop_signal()
                log.info("program_stopping", grace_s=settings.shutdown.grace_s)
            for task in serving:
                task.cancel()


def _discord(settings: Settings, core: Core) -> Service:
    from bot.discord.bot import DiscordBot  # only who uses Discord pays for loading it
    from bot.discord.shown import Showing

    showing = Showing(core.links, max_bytes=settings.emotes.max_download_bytes)
    bot = DiscordBot(settings.discord, core.service, core.emotes, showing, core.consent)
    core.service.add_deliverer(Platform.DISCORD, bot.deliverer)
    core.metrics.watch_gateway(lambda: math.nan if bot.latency_s is None else bot.latency_s)

    async def check() -> HealthPart:
        return HealthPart("discord", bot.ready, {"problem": bot.problem, "latency_s": bot.latency_s})

    core.health.add("discord", check)
    return bot


class Service(Protocol):
    """Something that runs until it is cancelled."""

    async def run(self) -> None: ...


async def _stop_signal() -> None:
    """Wait for SIGINT or SIGTERM; afterwards both do what they always do, so that a second one ends at once."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process; the lock goes with the process, however it ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"another emoteface uses {data_dir.resolve()}") from None
        yield
