"""The store, on each database it works with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import open_database
from tests.servers.postgres import Postgres, running_postgres

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.scale)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'data' / 'emoteface.db'}"


@pytest.fixture(params=DATABASES)
async def empty_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """Of a database without tables."""
    if request.param == "sqlite":
        return sqlite_url
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(await server.new_database())


@pytest.fixture(params=DATABASES)
async def url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """Of a database with the tables, or of one that is made with them when it is opened."""
    if request.param == "sqlite":
        return sqlite_url
    server: Postgres = request.getfixturevalue("postgres")
    if server.template is None:
        made = await server.new_database()
        async with open_database(server.url(made)):
            server.template = made
    return server.url(await server.new_database(like=server.template))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(url) as engine:
        yield engine
