"""Half a minute of `make soak`: mixed load, seeded faults, and every accepted request looked for afterwards."""

from __future__ import annotations

from tests.bench.soak import soak


async def test_under_load_and_faults_nothing_accepted_is_lost_or_answered_twice() -> None:
    result = await soak(30.0, seed=4)
    assert result.faults.total() >= 3
    assert result.states["answered"] >= 30
    assert result.lost == []
    assert result.twice == []
