"""One address gets so much, whatever it asks for; the others notice nothing."""

from __future__ import annotations

import asyncio
from functools import partial

import aiohttp
import pytest

from bot.web.rates import MAX_ADDRESSES, Buckets
from tests.bot.web.conftest import Site, refusal

PUBLIC = {"public_url": "https://faces.example", "trusted_proxies": ["127.0.0.1"], "requests_per_minute": 10}


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a slow machine would be given more than a quick one."""
    monkeypatch.setattr("bot.web.app.Buckets", partial(Buckets, clock=lambda: 0.0))


def of(address: str) -> dict[str, str]:
    return {"Host": "faces.example", "X-Forwarded-For": address}


def test_a_bucket_is_full_at_first_and_refills() -> None:
    now = [0.0]
    buckets = Buckets(60, clock=lambda: now[0])
    assert [buckets.take("ada", 20) for _ in range(4)] == [0, 0, 0, 20]
    assert buckets.take("bob", 60) == 0
    now[0] = 20
    assert buckets.take("ada", 20) == 0
    now[0] = 10_000
    assert [buckets.take("ada", 60), buckets.take("ada", 1)] == [0, 1]


def test_the_number_of_addresses_in_memory_is_bounded() -> None:
    buckets = Buckets(60, clock=lambda: 0.0)
    for number in range(MAX_ADDRESSES + 10):
        buckets.take(str(number), 60)
    assert buckets.take(str(MAX_ADDRESSES + 9), 1) == 1
    assert buckets.take("0", 60) == 0


@pytest.mark.parametrize("path", ["/", "/privacy", "/no/such/page", "/api/faces", "/pictures/x", "/health/live"])
async def test_every_path_is_limited_for_each_address_alone(path: str) -> None:
    site = Site()
    async with site.serving(**PUBLIC), aiohttp.ClientSession(site.url) as client:
        for _ in range(10):
            async with client.get(path, headers=of("198.51.100.7")) as response:
                assert response.status != 429
        async with client.get(path, headers=of("198.51.100.7")) as response:
            assert await refusal(response) == (429, "too_many_requests")
            assert int(response.headers["Retry-After"]) > 0
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with client.get(path, headers=of("198.51.100.8")) as response:
            assert response.status != 429


async def test_what_changes_something_counts_five() -> None:
    site = Site()
    async with site.serving(**PUBLIC), aiohttp.ClientSession(site.url) as client:
        statuses = []
        for _ in range(3):
            async with client.post("/api/faces", json={"text": "😂"}, headers=of("198.51.100.7")) as response:
                statuses.append(response.status)
        assert statuses == [403, 403, 429]


async def test_this_machine_is_not_limited() -> None:
    site = Site()
    async with site.serving(**PUBLIC), aiohttp.ClientSession(site.url) as client:
        for _ in range(30):
            async with client.get("/health/live") as response:
                assert response.status == 200


async def test_one_address_cannot_take_all_connections() -> None:
    site = Site()
    async with site.serving(**PUBLIC | {"requests_per_minute": 1000}):
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(site.url, connector=connector) as client, asyncio.timeout(60):
            arrived = asyncio.Event()
            waiting = asyncio.Event()
            count = 0

            async def slow() -> object:
                nonlocal count
                count += 1
                if count == 32:
                    arrived.set()
                await waiting.wait()
                return await ready()

            ready, site.health.ready = site.health.ready, slow  # type: ignore[method-assign]
            open_ones = [
                asyncio.ensure_future(client.get("/health/ready", headers=of("198.51.100.7"))) for _ in range(32)
            ]
            await arrived.wait()
            async with client.get("/privacy", headers=of("198.51.100.7")) as response:
                assert response.status == 429
            async with client.get("/privacy", headers=of("198.51.100.8")) as response:
                assert response.status == 200
            waiting.set()
            for each in await asyncio.gather(*open_ones):
                each.release()
            async with client.get("/privacy", headers=of("198.51.100.7")) as response:
                assert response.status == 200
