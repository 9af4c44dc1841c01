"""Everything of one server, handed over or deleted; and that no table is forgotten."""

from __future__ import annotations

from sqlalchemy import select

from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.server_data import _KEPT_BACK, _SCOPED, ServerData
from bot.store.servers import Servers
from bot.store.tables import metadata, server


def test_every_table_about_servers_is_known() -> None:
    about = {table.name for table in metadata.sorted_tables if "scope_id" in table.columns}
    assert {table.name for table in _SCOPED} == about


def test_what_is_kept_back_is_there() -> None:
    for name, columns in _KEPT_BACK.items():
        assert columns <= set(metadata.tables[name].columns.keys())


async def test_a_server_is_deleted_and_another_is_not() -> None:
    async with open_database(IN_MEMORY_URL) as engine:
        await Servers(engine).joined(["1", "2"], 5.0)
        data = ServerData(engine)
        assert await data.delete("1") == 1
        async with engine.connect() as connection:
            assert (await connection.execute(select(server.c.scope_id))).scalars().all() == ["2"]
        assert '"scope_id": "2"' in "".join([piece async for piece in data.export("2")])
