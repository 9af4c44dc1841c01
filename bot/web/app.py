"""The web application and the server that runs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from aiohttp import web

from bot.health import Health
from bot.metrics import Metrics
from bot.web.api import FaceApi, Faces, TakesUploads
from bot.web.asking import AskingReader
from bot.web.guards import harden, only_from_here, word_errors
from bot.web.progress_stream import ProgressStreams
from bot.web.status import StatusPages
from config.settings import WebSettings

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
MAX_JSON_BYTES = 16_384
GRACE_S = 3.0  # how long answers in progress may take once the server stops


def build_app(
    faces: Faces, uploads: TakesUploads, health: Health, metrics: Metrics, *, web_settings: WebSettings
) -> web.Application:
    """Everything under one roof: API, page, health, metrics."""
    streams = ProgressStreams()
    reader = AskingReader(web_settings.max_upload_bytes)
    app = web.Application(
        middlewares=[word_errors, only_from_here(web_settings.host)],
        client_max_size=MAX_JSON_BYTES,
    )
    app.on_response_prepare.append(harden)
    app.on_shutdown.append(streams.close)
    app.router.add_routes(FaceApi(faces, uploads, reader, streams).routes())
    app.router.add_routes(StatusPages(health, metrics).routes())
    app.router.add_get("/", _playground)
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


async def _playground(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")
