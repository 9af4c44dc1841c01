from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import BUSY_TIMEOUT_MS, IN_MEMORY_URL, downgrade, open_database, upgrade
from bot.store.scope_settings import ScopeSettings
from bot.store.tables import metadata


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def files_beside(url: str) -> set[str]:
    folder = Path(str(make_url(url).database)).parent
    return {path.name for path in folder.glob("*")}


async def pragma(engine: AsyncEngine, name: str) -> object:
    async with engine.connect() as connection:
        return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_the_migrations_lead_to_the_tables_of_the_program(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_every_migration_has_a_way_back(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(downgrade)
    assert await tables(engine) == {"alembic_version"}
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
        assert await connection.run_sync(differences) == []


async def test_a_database_of_this_version_opens_again_with_what_is_in_it(url: str) -> None:
    async with open_database(url) as engine:
        await ScopeSettings(engine).set("guild", "realism", 0.5)
    async with open_database(url) as engine:
        assert await ScopeSettings(engine).all("guild") == {"realism": 0.5}


async def test_a_crash_within_a_migration_leaves_the_schema_as_it_was(engine: AsyncEngine) -> None:
    before = await tables(engine)
    async with engine.connect() as connection, connection.begin() as transaction:
        await connection.run_sync(downgrade)
        await transaction.rollback()
    assert await tables(engine) == before
    assert "request" in before


async def test_the_file_and_its_folder_are_made(url: str) -> None:
    assert files_beside(url) == set()
    async with open_database(url):
        assert "emoteface.db" in files_beside(url)


async def test_a_commit_survives_a_power_cut_and_readers_do_not_wait_for_the_writer(engine: AsyncEngine) -> None:
    assert await pragma(engine, "journal_mode") == "wal"
    assert await pragma(engine, "synchronous") == 2  # FULL
    assert await pragma(engine, "busy_timeout") == BUSY_TIMEOUT_MS


async def test_a_reader_sees_the_state_before_an_open_transaction(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    await settings.set("guild", "style", "classic")
    async with asyncio.timeout(30), engine.begin() as writer:
        await writer.execute(text("DELETE FROM scope_setting"))
        assert await settings.all("guild") == {"style": "classic"}
    assert await settings.all("guild") == {}


async def test_two_programs_may_write_to_one_file(url: str) -> None:
    async with asyncio.timeout(60), open_database(url) as one, open_database(url) as two:
        writes = [ScopeSettings(engine).set(f"guild {n}", "x", n) for n in range(10) for engine in (one, two)]
        await asyncio.gather(*writes)
        for number in range(10):
            assert await ScopeSettings(one).all(f"guild {number}") == {"x": number}


@pytest.mark.parametrize("url", [IN_MEMORY_URL, "sqlite+aiosqlite://"])
async def test_a_database_in_memory_keeps_what_is_written_while_others_read(url: str) -> None:
    async with asyncio.timeout(60), open_database(url) as engine:
        settings = ScopeSettings(engine)
        writes = [settings.set(f"guild {number}", "x", number) for number in range(50)]
        reads = [settings.all("guild 1") for _ in range(50)]
        await asyncio.gather(*(work for pair in zip(writes, reads, strict=True) for work in pair))
        assert [await settings.all(f"guild {number}") for number in range(50)] == [{"x": n} for n in range(50)]


async def test_an_engine_is_closed_at_the_end_even_after_an_error(url: str) -> None:
    async def use_and_fail() -> None:
        async with open_database(url) as engine:
            await tables(engine)
            assert "emoteface.db-wal" in files_beside(url)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await use_and_fail()
    assert files_beside(url) == {"emoteface.db"}  # the last connection to close removes the write-ahead log
