"""A site with a gallery over real stores; faces are drawn by a worker without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, FaceRequest, Origin, Platform
from bot.stage.face import StagedFace
from bot.store.reports import Reports
from bot.store.votes import Votes
from bot.web.gallery.parts import gallery_pages
from config.settings import load_settings
from tests.bot.web.conftest import Site, web_settings
from tests.fakes.serving import JOY, Serving, face, serving_faces

ADMIN = "admin"
ORIGIN = Origin(Platform.DISCORD, "4711", "12", "3")


@dataclass
class Gallery:
    """The guild of ORIGIN has it open."""

    serving: Serving
    site: Site
    engine: AsyncEngine

    @property
    def reports(self) -> Reports:
        return Reports(self.engine)

    @property
    def votes(self) -> Votes:
        return Votes(self.engine)

    async def drawn(
        self, *emotes: Emote, origin: Origin = ORIGIN, target: dict[str, Any] | None = None, **options: Any
    ) -> StagedFace:
        """A face that was asked for and finished."""
        command = face(**options)
        asked = await self.serving.service.ask(origin, command, uploads=emotes or (JOY,), reply_target=target)
        return await self.staged(await self.serving.finished(asked))

    async def staged(self, request: FaceRequest) -> StagedFace:
        found = await self.serving.stage.get(request.id)
        assert found is not None
        return found


@asynccontextmanager
async def open_gallery(folder: Path, public_url: str | None = None) -> AsyncIterator[Gallery]:
    async with serving_faces(folder) as serving:
        await serving.policy.set(ORIGIN.scope_id, None, "gallery", True, ADMIN)
        engine, site = serving.requests._engine, Site()
        settings = load_settings().model_copy(update={"web": web_settings(public_url=public_url), "data_dir": folder})
        site.pages = [gallery_pages(engine, serving.service, serving.policy, settings)]
        async with site.serving(public_url=public_url):
            yield Gallery(serving, site, engine)


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path) as gallery:
        yield gallery


@pytest.fixture
async def client(gallery: Gallery) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(gallery.site.url, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session
