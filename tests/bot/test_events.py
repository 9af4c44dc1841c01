from __future__ import annotations

import asyncio

import pytest

from bot.events import Changes, Watch
from tests.polling import PATIENCE_S

SOON_S = 0.05


async def wakes(watch: Watch) -> bool:
    """Whether a wait ends at once: a change is remembered, so there is nothing to be slow."""
    task = asyncio.ensure_future(watch.wait(PATIENCE_S))
    done, _ = await asyncio.wait([task], timeout=SOON_S)
    task.cancel()
    return bool(done)


async def test_a_watcher_hears_of_a_change_that_came_before_it_waited() -> None:
    async with asyncio.timeout(PATIENCE_S):
        with (changes := Changes()).watching("one") as watch:
            changes.announce("one")
            await watch.wait(10 * PATIENCE_S)


async def test_a_watcher_hears_of_a_change_while_it_waits() -> None:
    changes = Changes()
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        with changes.watching("one") as watch:
            waiting = tasks.create_task(watch.wait(10 * PATIENCE_S))
            await asyncio.sleep(0)
            changes.announce("one")
            await waiting


async def test_a_wait_ends_by_itself() -> None:
    async with asyncio.timeout(PATIENCE_S):
        with Changes().watching("one") as watch:
            await watch.wait(0.001)


async def test_many_changes_wake_once() -> None:
    changes = Changes()
    with changes.watching("one") as watch:
        changes.announce("one")
        changes.announce("one")
        await watch.wait(PATIENCE_S)
        assert not await wakes(watch)


async def test_every_watcher_of_a_request_is_woken_and_no_other() -> None:
    changes = Changes()
    async with asyncio.timeout(PATIENCE_S):
        with changes.watching("one") as first, changes.watching("one") as second, changes.watching("two") as other:
            changes.announce("one")
            await first.wait(10 * PATIENCE_S)
            await second.wait(10 * PATIENCE_S)
            assert not await wakes(other)


async def test_a_change_nobody_watches_is_forgotten() -> None:
    changes = Changes()
    changes.announce("one")
    with changes.watching("one") as watch:
        assert not await wakes(watch)


async def test_a_cancelled_wait_stays_cancelled_and_leaves_no_watch_behind() -> None:
    changes = Changes()

    async def watch() -> None:
        with changes.watching("one") as one:
            await one.wait(PATIENCE_S)

    task = asyncio.ensure_future(watch())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not changes._watches


async def test_it_is_known_how_many_watch() -> None:
    changes = Changes()
    with changes.watching("one"), changes.watching("one"), changes.watching("two"):
        assert (changes.watched("one"), changes.watched("two"), changes.watched("three")) == (2, 1, 0)
    assert changes.watched("one") == 0
