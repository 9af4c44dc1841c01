"""A hostile host, a session as the bot has one, and the catalogue."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.emotes.download import guarded_connector
from bot.emotes.library import Library
from bot.emotes.links import followed
from bot.emotes.names import NameGuard
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from config.settings import EmotesSettings, load_settings
from tests.fakes.hostile_host import HostileHost


@pytest.fixture
def settings() -> EmotesSettings:
    changes = {"download_timeout_s": 30, "decode_timeout_s": 30, "decoders": 1}
    return load_settings().emotes.model_copy(update=changes)


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


@pytest.fixture(scope="session")
def resolver(catalogue: UnicodeCatalogue) -> Resolver:
    """One that knows emoji and markup only."""
    return Resolver(catalogue, Library([]), NameGuard([]), followed([], ["https://cdn.7tv.app"]))
