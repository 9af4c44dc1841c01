"""A minute of what `make soak-scale` does for longer."""

from __future__ import annotations

import pytest

from tests.faults.soak import soak, table

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]


async def test_whatever_is_killed_or_cut_nothing_is_lost_and_nothing_answered_twice() -> None:
    soaked = await soak(60, seed=9, deaf_s=10)
    assert soaked.row.once, "somebody was answered at all"
    assert not soaked.row.lost, table(soaked)
    assert not soaked.row.double, table(soaked)
