"""Who may use a data directory beside whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.discord.sharding import ShardRange, locks_of
from bot.exclusive import AlreadyRunning, exclusive

FIRST, SECOND = locks_of(ShardRange(4, (0, 1))), locks_of(ShardRange(4, (2, 3)))
OVERLAPPING = locks_of(ShardRange(4, (1, 2)))


def test_processes_with_different_shards_share_a_directory(tmp_path: Path) -> None:
    with exclusive(tmp_path, FIRST), exclusive(tmp_path, SECOND):
        pass


@pytest.mark.parametrize(("held", "wanted"), [((), ()), ((), FIRST), (FIRST, ()), (FIRST, OVERLAPPING)])
def test_nobody_shares_anything_else(tmp_path: Path, held: list[str], wanted: list[str]) -> None:
    with exclusive(tmp_path, held), pytest.raises(AlreadyRunning), exclusive(tmp_path, wanted):
        pass
    with exclusive(tmp_path, wanted):
        pass


def test_who_is_refused_leaves_no_lock_behind(tmp_path: Path) -> None:
    with exclusive(tmp_path, SECOND):
        with pytest.raises(AlreadyRunning), exclusive(tmp_path, locks_of(ShardRange(4, (0, 2)))):
            pass
        with exclusive(tmp_path, FIRST):
            pass
