"""A real server on a free port around the fake face service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot.health import Health
from bot.metrics import Metrics
from bot.web.app import Pages, WebServer, build_app
from bot.web.legal import LegalPages
from config.settings import DEFAULTS, OperatorSettings, load_settings
from config.web import WebSettings
from tests.bot.web.fake_faces import FakeFaces, FakeUploads

MAX_UPLOAD_BYTES = 200_000


def web_settings(**changes: Any) -> WebSettings:
    """The packaged defaults on any free port, with these instead."""
    packaged = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))["web"]
    return WebSettings.model_validate(packaged | {"port": 0, "max_upload_bytes": MAX_UPLOAD_BYTES} | changes)


def legal_pages() -> LegalPages:
    """With the retention of a plain instance and an operator that wants to break the page."""
    settings = load_settings()
    return LegalPages(
        OperatorSettings(name="<b>Ada</b>", contact="ada@example.org", discord_user_ids=frozenset()), settings.requests
    )


@dataclass
class Site:
    """Everything behind one web server, and a way to stop and start it on the same port."""

    faces: FakeFaces = field(default_factory=FakeFaces)
    uploads: FakeUploads = field(default_factory=FakeUploads)
    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=Metrics)
    pages: Sequence[Pages] = ()
    on_shutdown: Sequence[Callable[[web.Application], Awaitable[None]]] = ()
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self, **changes: Any) -> AsyncIterator[None]:
        settings = web_settings(port=self.port, **changes)
        pages = [legal_pages(), *self.pages]
        app = build_app(self.faces, self.uploads, self.health, self.metrics, web_settings=settings, pages=pages)
        app.on_shutdown.extend(self.on_shutdown)
        server = WebServer(app, settings)
        running = asyncio.create_task(server.run())  # no TaskGroup: a fixture's two halves run in different tasks
        started = asyncio.create_task(server.started.wait())
        await asyncio.wait((running, started), return_when=asyncio.FIRST_COMPLETED)
        self.port = server.port
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.serving():
        yield site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=20)
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: keeps cookies of an IP address
    async with aiohttp.ClientSession(site.url, timeout=timeout, cookie_jar=jar) as session:
        yield session


async def refusal(response: aiohttp.ClientResponse) -> tuple[int, str]:
    """Status and code of an answer that must be a refusal with words."""
    body = await response.json()
    assert body["message"]
    return response.status, body["error"]
