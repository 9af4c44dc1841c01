"""Keeps what the settings promise about how long things are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.privacy import KEEP_LEFT_SERVERS_DAYS
from bot.store.audit import Audit
from bot.store.guesses import GuessStore
from bot.store.mirror_posts import MirrorPosts
from bot.store.mirrors import Mirrors
from bot.store.operator_tasks import OperatorTasks
from bot.store.pictures import Keep, PictureStore
from bot.store.redemptions import Redemptions
from bot.store.reports import Reports
from bot.store.requests import RequestStore
from bot.store.server_data import ServerData
from bot.store.servers import Servers
from bot.store.staged_faces import StagedFaces
from bot.store.web_sessions import WebSessions
from config.settings import RequestsSettings

log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 600.0
SECRETS_LIVE_S = 900.0  # an interaction's token, by which its answer can be changed
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_MB = 1_000_000


class Sweeps(Protocol):
    """Keeps its own promises; `bot.emotes.picture.PictureFetcher`: emotes' pictures no longer than sources allow."""

    async def sweep(self) -> int: ...


class Sweeper:
    """Sweeps every ten minutes; a failure is logged and the next sweep makes up for it."""

    def __init__(
        self,
        settings: RequestsSettings,
        engine: AsyncEngine,
        pictures: PictureStore,
        emotes: Sweeps,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._requests = RequestStore(engine)
        self._pictures = pictures
        self._audit = Audit(engine)
        self._emotes = emotes
        self._guesses = GuessStore(engine)
        self._reports = Reports(engine)
        self._tasks = OperatorTasks(engine)
        self._servers = Servers(engine)
        self._staged = StagedFaces(engine)
        self._server_data = ServerData(engine)
        self._mirrors, self._mirror_posts = Mirrors(engine), MirrorPosts(engine)
        self._redemptions = Redemptions(engine)
        self._sessions = WebSessions(engine)
        self._clock = clock
        self._no_secrets_before = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("sweep_failed")
            await asyncio.sleep(SWEEP_EVERY_S)

    async def sweep(self) -> None:
        """Once."""
        now, keep = self._clock(), self._settings
        swept = {
            "pictures": await self._pictures.sweep(
                Keep(now - keep.keep_pictures_h * _HOUR_S, keep.max_pictures_mb * _MB),
                Keep(now - keep.keep_gallery_days * _DAY_S, keep.max_gallery_mb * _MB),
            ),
            "requests": await self._requests.forget_old(now - keep.keep_requests_days * _DAY_S),
            "staged_faces": await self._staged.sweep(),
            "rounds": await self._guesses.forget_finished(now - keep.keep_pictures_h * _HOUR_S),
            "secrets": await self._sweep_secrets(now - SECRETS_LIVE_S),
            "reports": await self._reports.sweep(now - keep.keep_requests_days * _DAY_S),
            "operator_tasks": await self._tasks.sweep(now - keep.keep_requests_days * _DAY_S),
            "mirror_codes": await self._mirrors.sweep(now),
            "mirror_posts": await self._mirror_posts.sweep(now - keep.keep_requests_days * _DAY_S),
            "redemptions": await self._redemptions.sweep(now - keep.keep_requests_days * _DAY_S),
            "servers": await self._sweep_left_servers(now - KEEP_LEFT_SERVERS_DAYS * _DAY_S),
            "audit": await self._audit.sweep(now - keep.keep_audit_days * _DAY_S),
            "sessions": await self._sessions.sweep(now),
            "emotes": await self._emotes.sweep(),
        }
        log.debug("store_swept", **swept)

    async def _sweep_left_servers(self, left_before: float) -> int:
        left = await self._servers.left_before(left_before)
        for scope_id in left:
            await self._server_data.delete(scope_id)
        return len(left)

    async def _sweep_secrets(self, before: float) -> int:
        """After the first time only of what may have finished since."""
        gone = await self._requests.forget_secrets(self._no_secrets_before, before)
        self._no_secrets_before = before - self._settings.recover_max_age_s - self._settings.deadline_s
        return gone
