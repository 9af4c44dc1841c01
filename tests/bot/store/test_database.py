from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import AuditEntry
from bot.store.database import BUSY_TIMEOUT_MS, IN_MEMORY_URL, DatabaseUnusable, downgrade, open_database, upgrade
from bot.store.scope_settings import ScopeSettings, StoredSetting
from bot.store.tables import metadata
from bot.store.together import together
from tests.servers.postgres import Postgres
from tests.servers.proxy import Mended, cut_proxy


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def files_beside(url: str) -> set[str]:
    folder = Path(str(make_url(url).database)).parent
    return {path.name for path in folder.glob("*")}


async def put(engine: AsyncEngine, scope_id: str, name: str, value: Any) -> None:
    await ScopeSettings(engine).set(StoredSetting(scope_id, "", name, value), AuditEntry(scope_id, "", 0.0, "set"))


async def got(engine: AsyncEngine, scope_id: str) -> dict[str, Any]:
    return {setting.name: setting.value for setting in await ScopeSettings(engine).all(scope_id)}


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


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(url: str) -> None:
    async with open_database(url) as engine, engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for _ in range(2):
        with pytest.raises(DatabaseUnusable, match="newer version"):
            async with open_database(url):
                pass


async def test_of_programs_that_start_together_all_find_the_tables(empty_url: str) -> None:
    async def start() -> set[str]:
        async with open_database(empty_url) as engine:
            return await tables(engine)

    async with asyncio.timeout(60):
        found = await asyncio.gather(*(start() for _ in range(4)))
    assert all("request" in names for names in found)


async def test_a_database_of_this_version_opens_again_with_what_is_in_it(url: str) -> None:
    async with open_database(url) as engine:
        await put(engine, "guild", "realism", 0.5)
    async with open_database(url) as engine:
        assert await got(engine, "guild") == {"realism": 0.5}


async def test_a_crash_within_a_migration_leaves_the_schema_as_it_was(engine: AsyncEngine) -> None:
    before = await tables(engine)
    async with engine.connect() as connection, connection.begin() as transaction:
        await connection.run_sync(downgrade)
        await transaction.rollback()
    assert await tables(engine) == before
    assert "request" in before


async def test_the_file_and_its_folder_are_made(sqlite_url: str) -> None:
    assert files_beside(sqlite_url) == set()
    async with open_database(sqlite_url):
        assert "emoteface.db" in files_beside(sqlite_url)


async def test_a_commit_survives_a_power_cut_and_readers_do_not_wait_for_the_writer(sqlite_url: str) -> None:
    async with open_database(sqlite_url) as engine:
        assert await pragma(engine, "journal_mode") == "wal"
        assert await pragma(engine, "synchronous") == 2  # FULL
        assert await pragma(engine, "busy_timeout") == BUSY_TIMEOUT_MS


async def test_a_reader_sees_the_state_before_an_open_transaction(engine: AsyncEngine) -> None:
    await put(engine, "guild", "style", "classic")
    async with asyncio.timeout(30), engine.begin() as writer:
        await writer.execute(text("DELETE FROM scope_setting"))
        assert await got(engine, "guild") == {"style": "classic"}
    assert await got(engine, "guild") == {}


async def test_two_programs_may_write_to_one_file(url: str) -> None:
    async with asyncio.timeout(60), open_database(url) as one, open_database(url) as two:
        writes = [put(engine, f"guild {n}", "x", n) for n in range(10) for engine in (one, two)]
        await asyncio.gather(*writes)
        for number in range(10):
            assert await got(one, f"guild {number}") == {"x": number}


@pytest.mark.parametrize("url", [IN_MEMORY_URL, "sqlite+aiosqlite://"])
async def test_a_database_in_memory_keeps_what_is_written_while_others_read(url: str) -> None:
    async with asyncio.timeout(60), open_database(url) as engine:
        writes = [put(engine, f"guild {number}", "x", number) for number in range(50)]
        reads = [got(engine, "guild 1") for _ in range(50)]
        await asyncio.gather(*(work for pair in zip(writes, reads, strict=True) for work in pair))
        assert [await got(engine, f"guild {number}") for number in range(50)] == [{"x": n} for n in range(50)]


async def test_an_engine_is_closed_at_the_end_even_after_an_error(sqlite_url: str) -> None:
    async def use_and_fail() -> None:
        async with open_database(sqlite_url) as engine:
            await tables(engine)
            assert "emoteface.db-wal" in files_beside(sqlite_url)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await use_and_fail()
    assert files_beside(sqlite_url) == {"emoteface.db"}  # the last connection to close removes the write-ahead log


async def test_settings_of_the_version_before_channels_are_kept_there_and_back(url: str) -> None:
    old = [
        ("guild", "emotes.twitch_id", '"123"'),
        ("guild", "emotes.sources_off", '["ffz"]'),
        ("dm:1", "style", '"real"'),
    ]
    async with open_database(url) as engine, engine.begin() as connection:
        await connection.run_sync(downgrade, "0003")
        for scope_id, name, value in old:
            row = {"scope_id": scope_id, "name": name, "value": value}
            await connection.execute(text("INSERT INTO scope_setting VALUES (:scope_id, :name, :value)"), row)
    async with open_database(url) as engine:
        assert await got(engine, "guild") == {"twitch_channel": {"id": "123", "login": None}, "sources_off": ["ffz"]}
        assert await got(engine, "dm:1") == {"style": "real"}
        async with engine.begin() as connection:
            await connection.run_sync(downgrade, "0003")
            stored = text("SELECT scope_id, name, CAST(value AS TEXT) FROM scope_setting")
            rows = (await connection.execute(stored)).all()
            assert sorted(map(tuple, rows)) == sorted(old)


@pytest.mark.scale
@pytest.mark.parametrize("mended", Mended)
async def test_a_network_that_fell_silent_costs_a_few_seconds_however_many_connections_it_had(
    postgres: Postgres, mended: Mended
) -> None:
    name = await postgres.new_database()
    async with cut_proxy(postgres.socket) as link, open_database(postgres.url_through(link.port, name)) as engine:

        async def use() -> None:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT pg_sleep(0.2)"))

        await asyncio.gather(*(use() for _ in range(10)))
        await link.cut()
        await link.mend(mended)
        async with asyncio.timeout(25):  # one connection that is asked in vain, and room for a busy machine
            for _ in range(10):
                await together(engine).write(text("SELECT 1"))
            await asyncio.gather(*(use() for _ in range(10)))


@pytest.mark.scale
async def test_a_transaction_whose_client_vanished_does_not_hold_its_rows_for_ever(postgres: Postgres) -> None:
    async with (
        open_database(postgres.url(await postgres.new_database())) as engine,
        engine.connect() as connection,
    ):
        limit = (await connection.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
        assert limit == "1min"
