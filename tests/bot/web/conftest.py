"""A real server on a free port around the fake face service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest

from bot.health import Health
from bot.metrics import Metrics
from bot.web.app import WebServer, build_app
from config.settings import WebSettings
from tests.bot.web.fake_faces import FakeFaces, FakeUploads

MAX_UPLOAD_BYTES = 200_000


@dataclass
class Site:
    """Everything behind one web server, and a way to stop and start it on the same port."""

    faces: FakeFaces = field(default_factory=FakeFaces)
    uploads: FakeUploads = field(default_factory=FakeUploads)
    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=Metrics)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1") -> AsyncIterator[None]:
        settings = WebSettings(host=host, port=self.port, max_upload_bytes=MAX_UPLOAD_BYTES)
        app = build_app(self.faces, self.uploads, self.health, self.metrics, web_settings=settings)
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
