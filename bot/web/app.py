"""The web application and the server that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import structlog
from aiohttp import web

from bot.health import Health
from bot.metrics import Metrics
from bot.web.api import FaceApi, Faces, TakesUploads
from bot.web.asking import AskingReader
from bot.web.event_streams import EventStreams
from bot.web.guards import hardening, only_from_here, word_errors
from bot.web.home import HomePage
from bot.web.insiders import Insiders, IsLoggedIn, nobody_is_logged_in
from bot.web.rates import Buckets, rate_limited
from bot.web.status import StatusPages
from bot.web.visitors import Visitors
from config.web import WebSettings

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
MAX_JSON_BYTES = 16_384
GRACE_S = 3.0  # how long answers in progress may take once the server stops


class Pages(Protocol):
    """A part of the site."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        ...


def build_app(
    faces: Faces,
    uploads: TakesUploads,
    health: Health,
    metrics: Metrics,
    *,
    web_settings: WebSettings,
    pages: Iterable[Pages],
    is_logged_in: IsLoggedIn = nobody_is_logged_in,
) -> web.Application:
    """Everything under one roof: API, playground, health, metrics, and `pages`."""
    streams = EventStreams()
    reader = AskingReader(web_settings.max_upload_bytes)
    visitors = Visitors(web_settings)
    insiders = Insiders(web_settings, visitors, is_logged_in)
    limits = [rate_limited(visitors, Buckets(web_settings.requests_per_minute))] if web_settings.is_for_others else []
    app = web.Application(
        middlewares=[word_errors, *limits, only_from_here(web_settings), insiders.guard],
        client_max_size=MAX_JSON_BYTES,
    )
    app.on_response_prepare.append(hardening(web_settings))
    app.on_shutdown.append(streams.close)
    app.router.add_routes(FaceApi(faces, uploads, reader, streams).routes())
    app.router.add_routes(StatusPages(health, metrics, insiders).routes())
    for each in (HomePage(STATIC / "index.html", insiders), *pages):
        app.router.add_routes(each.routes())
    app.router.add_static("/static", STATIC)
    return app


class WebServer:
    """Listens as the settings say. `started` is set, and `port` known, once it takes requests."""

    def __init__(self, app: web.Application, settings: WebSettings) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE_S)
        self._settings = settings
        self._port: int | None = None
        self.started = asyncio.Event()

    @property
    def port(self) -> int:
        """The port in force, also when the settings leave the choice to the system."""
        if self._port is None:
            raise RuntimeError("the web server has not started")
        return self._port

    async def run(self) -> None:
        """Serve until cancelled, then stop in order. Raise OSError when the address cannot be had."""
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
            await site.start()
            self._port = site.port
            self.started.set()
            log.info("web_started", url=f"http://{self._settings.host}:{self._port}/", port=self._port)
            await asyncio.Event().wait()
        finally:
            await self._runner.cleanup()
            log.info("web_stopped")
