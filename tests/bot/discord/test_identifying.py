"""Turns at starting sessions: over all processes, and in buckets."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from bot.discord.identifying import IdentifyTurns

EVERY_S = 5.0


class Clock:
    """Stands still; `asyncio.sleep` is made to move it."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.now += delay_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("bot.discord.identifying.asyncio.sleep", clock.sleep)
    return clock


def turns(folder: Path | None, clock: Clock, max_concurrency: int = 1) -> IdentifyTurns:
    made = IdentifyTurns(folder, every_s=EVERY_S, clock=clock)
    made.max_concurrency = max_concurrency
    return made


async def waited(taker: IdentifyTurns, clock: Clock, shard_id: int) -> float:
    before = clock.now
    await taker.wait(shard_id)
    return clock.now - before


@pytest.mark.parametrize("shared", [True, False])
async def test_the_first_goes_at_once_and_the_next_waits(tmp_path: Path, clock: Clock, shared: bool) -> None:
    taker = turns(tmp_path / "new" if shared else None, clock)
    assert [await waited(taker, clock, shard_id) for shard_id in range(3)] == [0, EVERY_S, EVERY_S]
    clock.now += 100
    assert await waited(taker, clock, 0) == 0


async def test_other_processes_count(tmp_path: Path, clock: Clock) -> None:
    one, other = turns(tmp_path, clock), turns(tmp_path, clock)
    assert [await waited(one, clock, 0), await waited(other, clock, 1), await waited(one, clock, 2)] == [0, 5, 5]


async def test_different_buckets_need_not_wait_for_each_other(tmp_path: Path, clock: Clock) -> None:
    taker = turns(tmp_path, clock, max_concurrency=16)
    assert [await waited(taker, clock, shard_id) for shard_id in range(16)] == [0] * 16
    assert await waited(taker, clock, 16) == EVERY_S


@pytest.mark.parametrize("left", ["", "12.", "nonsense", "1e99", "inf", "nan"])
async def test_what_a_crash_or_a_wrong_clock_left_behind_keeps_nobody_waiting(
    tmp_path: Path, clock: Clock, left: str
) -> None:
    (tmp_path / "identify-0").write_text(left)
    assert await waited(turns(tmp_path, clock), clock, 0) == 0
    assert await waited(turns(tmp_path, clock), clock, 1) == EVERY_S


def _take(folder: Path) -> float:
    return IdentifyTurns(folder, every_s=EVERY_S, clock=lambda: 1_000_000.0)._take_among_processes(0)


def test_processes_never_get_the_same_turn(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        given = pool.map(_take, [tmp_path] * 40, chunksize=1)
    assert sorted(given) == [1_000_000.0 + EVERY_S * n for n in range(40)]
