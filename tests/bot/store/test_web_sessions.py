"""Who is logged in, until when."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform
from bot.store.web_sessions import MAX_CODES, MAX_SESSIONS, Identity, WebSessions

ADA = Identity(Platform.DISCORD, "12", "Ada", ("100", "200"))


@pytest.fixture
def sessions(engine: AsyncEngine) -> WebSessions:
    return WebSessions(engine)


async def test_a_session_is_its_person_until_it_expires(sessions: WebSessions) -> None:
    await sessions.begin("secret", ADA, now=10, expires_at=20)
    assert await sessions.find("secret", now=19) == ADA
    assert await sessions.find("secret", now=20) is None
    assert await sessions.find("other", now=11) is None


async def test_the_store_has_no_session_id(sessions: WebSessions, engine: AsyncEngine) -> None:
    await sessions.begin("secret", ADA, now=10, expires_at=20)
    await sessions.add_code("password", now=10, expires_at=20)
    async with engine.connect() as connection:
        rows = [*(await connection.execute(text("SELECT * FROM web_session"))).all()]
        rows += (await connection.execute(text("SELECT * FROM login_code"))).all()
    assert len(rows) == 2
    assert "secret" not in str(rows)
    assert "password" not in str(rows)


async def test_a_session_that_was_ended_is_nobody(sessions: WebSessions) -> None:
    await sessions.begin("one", ADA, now=10, expires_at=20)
    await sessions.begin("two", ADA, now=10, expires_at=20)
    await sessions.end("one")
    assert await sessions.find("one", now=11) is None
    assert await sessions.find("two", now=11) == ADA


async def test_of_too_many_sessions_the_oldest_end(sessions: WebSessions) -> None:
    for number in range(MAX_SESSIONS + 2):
        await sessions.begin(str(number), ADA, now=number, expires_at=1000)
    found = [await sessions.find(str(number), now=100) is not None for number in range(MAX_SESSIONS + 2)]
    assert found == [False, False] + [True] * MAX_SESSIONS


async def test_a_code_works_once_and_in_time(sessions: WebSessions) -> None:
    await sessions.add_code("code", now=10, expires_at=20)
    await sessions.add_code("late", now=10, expires_at=20)
    assert await sessions.use_code("code", now=11)
    assert not await sessions.use_code("code", now=11)
    assert not await sessions.use_code("late", now=20)
    assert not await sessions.use_code("never", now=11)


async def test_codes_are_bounded(sessions: WebSessions) -> None:
    for number in range(MAX_CODES + 1):
        await sessions.add_code(str(number), now=number, expires_at=1000 + number)
    assert not await sessions.use_code("0", now=100)
    assert await sessions.use_code("1", now=100)


async def test_what_is_over_is_swept(sessions: WebSessions) -> None:
    await sessions.begin("old", ADA, now=10, expires_at=20)
    await sessions.begin("new", ADA, now=10, expires_at=30)
    await sessions.add_code("code", now=10, expires_at=20)
    assert await sessions.sweep(now=25) == 1
    assert await sessions.find("new", now=25) == ADA
