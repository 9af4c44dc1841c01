from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.policy.settings import EVERYWHERE
from bot.store.audit import AuditEntry
from bot.store.scope_settings import WHOLE_SCOPE, ScopeSettings, StoredSetting
from bot.store.settings_cache import CachedSettings, Unheard

ENTRY = AuditEntry("guild", "admin", 5.0, "setting_set", {"setting": "realism"})
PLACE = ((EVERYWHERE, "guild"), ("channel",))


def realism(value: Any, scope_id: str = "guild", channel_id: str = WHOLE_SCOPE) -> StoredSetting:
    return StoredSetting(scope_id, channel_id, "realism", value)


class Talking:
    """Others that can be heard while `keep_s` says so."""

    def __init__(self) -> None:
        self.keep_s = 10.0
        self.told: list[str] = []
        self.say: Callable[[str | None], None] = lambda word: None

    def listen(self, heard: Callable[[str | None], None]) -> None:
        self.say = heard

    async def tell(self, scope_id: str) -> None:
        self.told.append(scope_id)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def reads_of(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements that read settings from now on."""
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT") and "scope_setting" in statement:
            seen.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)


@pytest.fixture
def others() -> Talking:
    return Talking()


@pytest.fixture
def settings(engine: AsyncEngine, others: Talking) -> CachedSettings:
    return CachedSettings(ScopeSettings(engine), others, whole_instance=EVERYWHERE)


async def test_what_was_read_once_is_not_read_again(engine: AsyncEngine, settings: CachedSettings) -> None:
    await settings.set(realism(0.1), ENTRY)
    with reads_of(engine) as reads:
        assert [await settings.find(*PLACE) for _ in range(3)] == [[realism(0.1)]] * 3
    assert len(reads) == 1


async def test_a_change_here_counts_at_once_and_is_told(settings: CachedSettings, others: Talking) -> None:
    await settings.set(realism(0.1), ENTRY)
    assert await settings.find(*PLACE) == [realism(0.1)]
    await settings.set(realism(0.2), ENTRY)
    assert await settings.find(*PLACE) == [realism(0.2)]
    await settings.remove(realism(None), ENTRY)
    assert await settings.find(*PLACE) == []
    assert others.told == ["guild"] * 3


@pytest.mark.parametrize("word", ["guild", EVERYWHERE, None])
async def test_a_change_elsewhere_counts_once_it_is_heard(
    engine: AsyncEngine, settings: CachedSettings, others: Talking, word: str | None
) -> None:
    assert await settings.find(*PLACE) == []
    await ScopeSettings(engine).set(realism(0.3), ENTRY)
    others.say("another guild")
    assert await settings.find(*PLACE) == [], "nobody has said anything about this one"
    others.say(word)
    assert await settings.find(*PLACE) == [realism(0.3)]


async def test_while_others_cannot_be_heard_everything_is_read(
    engine: AsyncEngine, settings: CachedSettings, others: Talking
) -> None:
    await settings.find(*PLACE)
    others.keep_s = 0.0
    await ScopeSettings(engine).set(realism(0.3), ENTRY)
    assert await settings.find(*PLACE) == [realism(0.3)]


async def test_nothing_is_relied_on_for_ever(engine: AsyncEngine, others: Talking) -> None:
    clock = Clock()
    settings = CachedSettings(ScopeSettings(engine), others, whole_instance=EVERYWHERE, clock=clock)
    await settings.find(*PLACE)
    await ScopeSettings(engine).set(realism(0.3), ENTRY)
    clock.now = 9.9
    assert await settings.find(*PLACE) == []
    clock.now = 10.0
    assert await settings.find(*PLACE) == [realism(0.3)]


async def test_beside_processes_that_say_nothing_a_change_counts_within_a_second(engine: AsyncEngine) -> None:
    clock = Clock()
    settings = CachedSettings(ScopeSettings(engine), Unheard(), whole_instance=EVERYWHERE, clock=clock)
    await settings.find(*PLACE)
    await ScopeSettings(engine).set(realism(0.3), ENTRY)
    clock.now = 1.0
    assert await settings.find(*PLACE) == [realism(0.3)]


async def test_no_more_places_are_kept_than_allowed(engine: AsyncEngine, others: Talking) -> None:
    settings = CachedSettings(ScopeSettings(engine), others, whole_instance=EVERYWHERE, max_kept=2)
    for name in ("1", "2", "1", "3"):
        await settings.find((name,), ())
    with reads_of(engine) as reads:
        for name in ("3", "1"):
            await settings.find((name,), ())
        assert not reads
        await settings.find(("2",), ())
        assert reads


class Slow(ScopeSettings):
    """Answers with what was there a while ago."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.read, self.go_on = asyncio.Event(), asyncio.Event()

    async def find(self, scope_ids: Collection[str], channel_ids: Collection[str]) -> list[StoredSetting]:
        rows = await super().find(scope_ids, channel_ids)
        self.read.set()
        await self.go_on.wait()
        return rows


async def test_what_was_read_before_a_change_is_not_kept_after_it(engine: AsyncEngine, others: Talking) -> None:
    stored = Slow(engine)
    settings = CachedSettings(stored, others, whole_instance=EVERYWHERE)
    reading = asyncio.create_task(settings.find(*PLACE))
    await stored.read.wait()
    await settings.set(realism(0.4), ENTRY)
    stored.go_on.set()
    assert await reading == [], "it was asked for before"
    assert await settings.find(*PLACE) == [realism(0.4)]
