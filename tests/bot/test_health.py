"""Every part is reported, and none can hold up or break the others."""

import asyncio

import pytest

from bot.health import Health, HealthPart


async def fine() -> HealthPart:
    return HealthPart("store", ok=True)


async def test_it_is_ready_when_every_part_is() -> None:
    health = Health()
    health.add("store", fine)

    readiness = await health.ready()

    assert readiness.ok
    assert readiness.to_json() == {"ok": True, "parts": {"store": {"ok": True, "detail": {}}}}


async def test_one_part_that_is_not_ready_makes_the_whole_unready_and_shows_its_detail() -> None:
    async def no_child() -> HealthPart:
        return HealthPart("worker", ok=False, detail={"child_pid": None})

    health = Health()
    health.add("store", fine)
    health.add("worker", no_child)

    readiness = await health.ready()

    assert not readiness.ok
    assert list(readiness.to_json()["parts"]) == ["store", "worker"]
    assert readiness.to_json()["parts"]["worker"] == {"ok": False, "detail": {"child_pid": None}}


async def test_a_check_that_never_returns_is_reported_after_its_timeout() -> None:
    async def stuck() -> HealthPart:
        await asyncio.Event().wait()
        raise AssertionError

    health = Health(check_timeout_s=0.05)
    health.add("stuck", stuck)
    health.add("store", fine)

    async with asyncio.timeout(60):
        stuck_part, store = (await health.ready()).parts

    assert (stuck_part.name, stuck_part.ok) == ("stuck", False)
    assert "0.05 s" in str(stuck_part.detail["error"])
    assert store.ok


async def test_a_check_that_crashes_is_reported_by_the_kind_of_error_only() -> None:
    async def broken() -> HealthPart:
        raise ConnectionRefusedError("postgresql://user:password@host")

    health = Health()
    health.add("store", broken)

    (part,) = (await health.ready()).parts

    assert part == HealthPart("store", ok=False, detail={"error": "ConnectionRefusedError"})


def test_two_parts_cannot_share_a_name() -> None:
    health = Health()
    health.add("store", fine)

    with pytest.raises(ValueError, match="store"):
        health.add("store", fine)
