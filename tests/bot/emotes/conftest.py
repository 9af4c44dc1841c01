"""A hostile host, a session as the bot has one, and the catalogue."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.emotes.download import guarded_connector
from bot.emotes.unicode import UnicodeCatalogue
from config.settings import EmotesSettings
from tests.fakes.hostile_host import HostileHost


@pytest.fixture
def settings() -> EmotesSettings:
    return EmotesSettings(
        download_timeout_s=30,
        max_download_bytes=2_000_000,
        decode_timeout_s=30,
        decode_memory_mb=512,
        decoders=1,
        crop="pad",
        matte="grey",
        cache_mb=1,
    )


@pytest.fixture
async def host() -> AsyncIterator[HostileHost]:
    host = HostileHost()
    async with host.serving():
        yield host


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=guarded_connector()) as running:
        yield running


@pytest.fixture(scope="session")
def catalogue() -> UnicodeCatalogue:
    return UnicodeCatalogue.load()
