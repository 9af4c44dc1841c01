"""Everything that answers requests, whatever the platform: built from the settings, in the order of dependence.

The order of the blocks below is the order of the end, read upwards: first the requests in work finish, the worker
last. With `bot.app` it is the composition root; nobody else knows both sides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from bot.admission import Admission
from bot.consent import Consent
from bot.decode.decoder import Decoder
from bot.delivery import PickUp
from bot.discord.sharding import ShardRange
from bot.emotes.chat import ChatEmoteParts, ChatEmotes
from bot.emotes.completion import Completer
from bot.emotes.compose import ComposedPictures
from bot.emotes.download import Downloader, guarded_connector
from bot.emotes.framing import FramedPictures, Framing
from bot.emotes.hosts import links_to_pictures, picture_hosts
from bot.emotes.library import OpenLibrary, open_library, picture_urls
from bot.emotes.links import Links
from bot.emotes.names import NameGuard
from bot.emotes.picture import PictureFetcher, PictureSources
from bot.emotes.picture_files import PictureFiles
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.emotes.uploads import Uploads
from bot.face_parts import FaceServiceParts
from bot.face_service import FaceService
from bot.forgetting import ForgetsFaces, Forgetting
from bot.guessing.game import Game
from bot.guessing.parts import GameParts
from bot.health import Health
from bot.health_checks import watch_emote_sources, watch_parts, watch_pictures
from bot.metrics import Metrics
from bot.mirror.parts import MirrorParts, mirror_parts
from bot.models import Platform
from bot.operating.desk import OperatorDesk
from bot.policy.policy import Policy, PolicyStores
from bot.policy.settings import EVERYWHERE
from bot.stage.stage import Stage, StageParts
from bot.stats.plotter import Plotter
from bot.stats.records import Records
from bot.store.activity import ActivityStore
from bot.store.audit import Audit
from bot.store.blocks import BlockStore
from bot.store.database import open_database
from bot.store.guesses import GuessStore
from bot.store.opt_outs import OptOuts
from bot.store.personal import PersonalData
from bot.store.pictures import PictureStore
from bot.store.redemptions import Redemptions
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from bot.store.sealing import Sealer
from bot.store.server_data import ServerData
from bot.store.servers import Servers
from bot.store.settings_cache import CachedSettings
from bot.store.shelf import open_shelf
from bot.store.staged_faces import StagedFaces
from bot.store.twitch_accounts import TwitchAccounts
from bot.store.votes import Votes
from bot.store.web_sessions import WebSessions
from bot.sweeping import Sweeper
from bot.web.gallery.pages import GalleryPages
from bot.web.gallery.parts import gallery_pages
from bot.web.overlay.parts import OverlayParts, Shown, overlay_parts
from bot.workforce import Workforce, open_drawing
from config.settings import Settings
from inference.queue.pace import ENOUGH_S

log = structlog.get_logger(__name__)

BATCHES_AHEAD = 2  # that somebody may find before them, the turn of another included; more would undo admission's order


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
    votes: Votes
    game: Game
    records: Records
    audit: Audit
    servers: Servers
    forgetting: Forgetting
    server_data: ServerData
    desk: OperatorDesk
    cache: ForgetsFaces
    policy: Policy
    health: Health
    metrics: Metrics
    workforce: Workforce
    stage: Stage
    mirror: MirrorParts
    redemptions: Redemptions
    overlay: OverlayParts
    gallery: GalleryPages
    session: aiohttp.ClientSession
    web_sessions: WebSessions
    accounts: TwitchAccounts

    async def worker_ready(self) -> None:
        """Return once faces can be drawn; raise WorkerUnavailable with the reason when they cannot."""
        while not self.workforce.ready:
            if self.workforce.problem:
                raise WorkerUnavailable(self.workforce.problem)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def open_core(settings: Settings, pictures_dir: Path | None = None) -> AsyncIterator[Core]:
    """All parts built and the worker starting; requests are served inside `core.service.running()`."""
    metrics, health, uploads = Metrics(), Health(), Uploads(max_file_bytes=settings.web.max_upload_bytes)
    async with (
        open_database(settings.store_url) as engine,
        aiohttp.ClientSession(connector=guarded_connector()) as session,
        Decoder(settings.emotes, max_bytes=_largest_file(settings)) as decoder,
        open_library(session, settings.emotes, settings.twitch, count=metrics.emote_source_asked) as library,
        open_drawing(settings, metrics) as drawing,
    ):
        queue = drawing.queue
        downloader = Downloader(session, settings.emotes, base_urls=picture_hosts(settings))
        requests = RequestStore(engine)
        scope_settings = CachedSettings(ScopeSettings(engine), drawing.others, whole_instance=EVERYWHERE)
        stores = PolicyStores(scope_settings, requests, BlockStore(engine))
        policy = Policy(stores, settings.server_defaults, settings.requests)
        unicode, links = UnicodeCatalogue.load(), links_to_pictures(settings)
        emotes = _chat_emotes(settings, library, policy, unicode=unicode, links=links)
        sources = PictureSources(downloader, uploads, unicode, picture_urls(settings))
        files = PictureFiles(settings.data_dir / "emotes", settings.emotes.cache_mb * 1_000_000)
        fetcher = PictureFetcher(decoder, sources, files)
        await fetcher.open()
        framing = Framing(settings.emotes.crop, settings.emotes.matte)
        shelf = open_shelf(settings.pictures, pictures_dir or settings.data_dir / "pictures")
        pictures, audit = PictureStore(engine, shelf), Audit(engine)
        staged = StageParts(StagedFaces(engine), requests, pictures, policy, queue, audit)
        stage = Stage(staged, settings.web.public_url)
        parts = FaceServiceParts(
            resolver=emotes,
            fetcher=FramedPictures(ComposedPictures(fetcher), framing),
            requests=requests,
            pictures=pictures,
            policy=policy,
            admission=Admission(
                queue, BATCHES_AHEAD * settings.inference.max_batch - 1, enough_s=ENOUGH_S, workers=drawing.workers
            ),
            metrics=metrics,
            stage=stage,
        )
        shards = ShardRange.of(settings.discord)
        service = FaceService(parts, settings.requests, model_ids=drawing.model_ids, owns=shards.owns)
        for platform in (Platform.WEB, Platform.CLI):
            service.add_deliverer(platform, PickUp())
        metrics.watch_queue(queue.stats)
        metrics.watch_backlog(lambda: parts.admission.backlog, lambda: parts.admission.backlog_cost)
        metrics.watch_emote_sources(library.library.states)
        watch_parts(health, engine, queue, drawing.workforce, decoder)
        watch_emote_sources(health, library.library)
        watch_pictures(health, shelf)
        consent = Consent(policy, OptOuts(engine))
        guesses, votes = GuessStore(engine), Votes(engine)
        game = Game(GameParts(emotes, service, policy, guesses), settings.guessing)
        records = Records(ActivityStore(engine), guesses, Plotter(settings.data_dir / "matplotlib"))
        forgetting = Forgetting(service, PersonalData(engine), parts.pictures, guesses, queue, stage=stage)
        sweeper = Sweeper(settings.requests, engine, parts.pictures, fetcher)
        overlay = overlay_parts(engine, Shown(stage, game, policy, ComposedPictures(fetcher), pictures), settings)
        async with _background(sweeper.run()), _background(stage.run()):
            yield Core(
                service=service,
                uploads=uploads,
                emotes=emotes,
                links=links,
                consent=consent,
                votes=votes,
                game=game,
                records=records,
                servers=Servers(engine),
                forgetting=forgetting,
                server_data=ServerData(engine),
                desk=OperatorDesk(engine, parts.pictures, policy),
                cache=queue,
                audit=audit,
                policy=policy,
                health=health,
                metrics=metrics,
                workforce=drawing.workforce,
                stage=stage,
                mirror=mirror_parts(engine, policy, stage),
                redemptions=Redemptions(engine),
                overlay=overlay,
                gallery=gallery_pages(engine, service, policy, settings),
                session=session,
                web_sessions=WebSessions(engine),
                accounts=TwitchAccounts(engine, Sealer(settings.store.key)),
            )


def _chat_emotes(
    settings: Settings, library: OpenLibrary, policy: Policy, *, unicode: UnicodeCatalogue, links: Links
) -> ChatEmotes:
    resolver = Resolver(unicode, library.library, NameGuard(settings.emotes.blocked_words), links)
    completer = Completer(resolver, library.library, unicode)
    return ChatEmotes(ChatEmoteParts(resolver, completer, library.channels, policy, unicode.faces()))


def _largest_file(settings: Settings) -> int:
    return max(settings.web.max_upload_bytes, settings.emotes.max_download_bytes)


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run beside the block and end with it; should it fail, so does the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()
