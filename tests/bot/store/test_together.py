"""Group commit: each write for itself, as far as anybody can see."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.database import open_database
from bot.store.outage import is_outage
from bot.store.tables import opt_out
from bot.store.together import together, writing
from tests.servers.postgres import Postgres


def row(user_id: int) -> dict[str, str]:
    return {"platform": "discord", "user_id": str(user_id)}


def commits(engine: AsyncEngine) -> list[object]:
    counted: list[object] = []
    event.listen(engine.sync_engine, "commit", counted.append)
    return counted


async def stored(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set((await connection.execute(select(opt_out.c.user_id))).scalars())


async def test_what_comes_at_once_takes_few_commits(engine: AsyncEngine) -> None:
    writer, counted = together(engine), commits(engine)
    await asyncio.gather(*(writer.write(insert(opt_out).values(row(n))) for n in range(100)))
    assert await stored(engine) == {str(n) for n in range(100)}
    assert len(counted) <= 3


async def test_savepoints_are_for_when_one_fails(engine: AsyncEngine) -> None:
    writer, taken = together(engine), list[object]()
    event.listen(engine.sync_engine, "savepoint", lambda _connection, name: taken.append(name))
    await asyncio.gather(*(writer.write(insert(opt_out).values(row(n))) for n in range(10)))
    assert not taken
    again = (writer.write(insert(opt_out).values(row(n))) for n in (10, 9, 11))
    outcomes = await asyncio.gather(*again, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, IntegrityError, int]
    assert taken
    assert await stored(engine) == {str(n) for n in range(12)}


async def test_each_hears_how_many_rows_it_changed(engine: AsyncEngine) -> None:
    writer = together(engine)
    await asyncio.gather(*(writer.write(insert(opt_out).values(row(n))) for n in range(3)))
    changes = [update(opt_out).where(opt_out.c.user_id == str(n)).values(user_id=f"new {n}") for n in (0, 1, 7)]
    assert await asyncio.gather(*map(writer.write, changes)) == [1, 1, 0]
    assert await writer.write(update(opt_out).values(platform="web")) == 3


async def test_one_that_fails_fails_alone(engine: AsyncEngine) -> None:
    writer = together(engine)
    await writer.write(insert(opt_out).values(row(1)))
    outcomes = await asyncio.gather(
        *(writer.write(insert(opt_out).values(row(n))) for n in (0, 1, 2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [int, IntegrityError, int]
    assert await stored(engine) == {"0", "1", "2"}


async def test_work_that_thinks_better_of_it_leaves_nothing(engine: AsyncEngine) -> None:
    writer = together(engine)

    async def think_better(connection: AsyncConnection) -> None:
        await connection.execute(insert(opt_out).values(row(7)))
        raise LookupError

    others = [writer.write(insert(opt_out).values(row(n))) for n in range(3)]
    outcomes = await asyncio.gather(others[0], writer.do(think_better), *others[1:], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, LookupError, int, int]
    assert await stored(engine) == {"0", "1", "2"}


async def test_of_two_that_exclude_each_other_one_wins(engine: AsyncEngine) -> None:
    writer = together(engine)
    await writer.write(insert(opt_out).values(row(1)))
    steps = [update(opt_out).where(opt_out.c.user_id == "1").values(user_id=name) for name in ("sent", "cancelled")]
    assert sorted(await asyncio.gather(*map(writer.write, steps))) == [0, 1]


async def test_a_cancelled_writer_takes_nobody_along(engine: AsyncEngine) -> None:
    writer = together(engine)
    async with asyncio.TaskGroup() as group:
        writes = [group.create_task(writer.write(insert(opt_out).values(row(n)))) for n in range(10)]
        await asyncio.sleep(0)
        for cancelled in (0, 4):
            writes[cancelled].cancel()
    assert await stored(engine) >= {str(n) for n in range(10) if n not in {0, 4}}
    assert await writer.write(insert(opt_out).values(row(99))) == 1


async def test_who_reads_before_writing_is_not_cut_short_by_another_writer(engine: AsyncEngine) -> None:
    async with asyncio.timeout(60), writing(engine).begin() as connection:
        await connection.execute(select(opt_out))
        other = asyncio.create_task(together(engine).write(insert(opt_out).values(row(1))))
        await asyncio.sleep(0)
        await connection.execute(insert(opt_out).values(row(2)))
    assert await other == 1
    async with engine.connect() as connection:
        assert len((await connection.execute(select(opt_out))).all()) == 2


async def test_an_end_that_nobody_thought_of_reaches_everybody_who_waits(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = together(engine)

    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("bot.store.together.writing", break_down)
        outcomes = await asyncio.gather(
            *(writer.write(insert(opt_out).values(row(n))) for n in range(5)), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {ZeroDivisionError}
    await writer.write(insert(opt_out).values(row(7)))
    assert await stored(engine) == {"7"}


@pytest.mark.scale
async def test_a_connection_that_breaks_under_one_is_an_outage_for_all_who_share_its_commit(
    postgres: Postgres,
) -> None:
    url = postgres.url(await postgres.new_database())
    async with open_database(url) as engine:
        writer = together(engine)
        writes = [insert(opt_out).values(row(n)) for n in range(6)]
        end_of_it = text("SELECT pg_terminate_backend(pg_backend_pid())")
        outcomes = await asyncio.gather(
            *map(writer.write, [writes[0], writes[1], end_of_it, *writes[2:]]), return_exceptions=True
        )
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert len(errors) >= len(writes) - 1, "the first may have been committed alone"
        assert all(is_outage(error) for error in errors), errors
        written = {str(n) for n, outcome in zip((0, 1), outcomes[:2], strict=True) if isinstance(outcome, int)}
        assert await stored(engine) == written
