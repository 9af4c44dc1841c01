"""A server that strangers reach: what they get, under which names, and what they do not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import ValidationError

from bot.health import HealthPart
from tests.bot.web.conftest import Site, refusal, web_settings

TOKEN = "a-secret-of-the-numbers"
PUBLIC = {
    "public_url": "https://faces.example",
    "trusted_proxies": ["127.0.0.1"],
    "requests_per_minute": 1000,
    "metrics_token": TOKEN,
}
STRANGER = {"Host": "faces.example", "X-Forwarded-For": "198.51.100.7"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()

    async def worker() -> HealthPart:
        return HealthPart("worker", ok=True, detail={"child_pid": 4711})

    site.health.add("worker", worker)
    async with site.serving(**PUBLIC):
        yield site


async def test_strangers_get_a_page_without_the_playground(client: aiohttp.ClientSession) -> None:
    async with client.get("/", headers=STRANGER | {"Accept-Language": "de"}) as response:
        text = await response.text()
    assert response.status == 200
    assert "<script" not in text
    assert '<a href="/privacy">' in text


async def test_strangers_cannot_ask_for_faces(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", json={"text": "😂"}, headers=STRANGER) as response:
        assert await refusal(response) == (403, "not_logged_in")
    async with client.get("/api/faces/01ARZ3NDEKTSV4RRFFQ69G5FAV/events", headers=STRANGER) as response:
        assert response.status == 403
    assert site.faces.requests == {}


async def test_at_the_machine_itself_everything_is_as_ever(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.get("/") as response:
        assert "<script" in await response.text()
    async with client.post("/api/faces", json={"text": "😂"}) as response:
        assert response.status == 202
    async with client.get("/metrics") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff\xfe"]
)
async def test_strangers_read_no_numbers(client: aiohttp.ClientSession, authorization: str) -> None:
    headers = STRANGER | {"Authorization": authorization}
    async with client.get("/metrics", headers=headers) as response:
        assert response.status == 404
    async with client.get("/health/ready", headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"ok": True})


async def test_who_knows_the_token_reads_them(client: aiohttp.ClientSession) -> None:
    headers = STRANGER | {"Authorization": f"Bearer {TOKEN}"}
    async with client.get("/metrics", headers=headers) as response:
        assert "emoteface_requests" in await response.text()
    async with client.get("/health/ready", headers=headers) as response:
        assert (await response.json())["parts"]["worker"]["detail"] == {"child_pid": 4711}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("faces.example", 200),
        ("FACES.example:443", 200),
        ("localhost", 200),
        ("evil.example", 421),
        ("faces.example.evil.example", 421),
        ("198.51.100.7", 421),
        ("[", 421),
    ],
)
async def test_it_goes_by_its_public_name(client: aiohttp.ClientSession, host: str, status: int) -> None:
    async with client.get("/privacy", headers={"Host": host}) as response:
        assert response.status == status


async def test_probes_may_use_any_name(client: aiohttp.ClientSession) -> None:
    async with client.get("/health/live", headers={"Host": "10.0.0.5:8080"}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("origin", "error"),
    [
        ("https://faces.example", "not_logged_in"),
        ("http://faces.example", "cross_origin"),
        ("https://faces.example:8443", "cross_origin"),
        ("https://evil.example", "cross_origin"),
        ("https://faces.example.evil.example", "cross_origin"),
        ("null", "cross_origin"),
    ],
)
async def test_only_the_public_site_itself_can_change_something(
    client: aiohttp.ClientSession, origin: str, error: str
) -> None:
    headers = STRANGER | {"Origin": origin}
    async with client.post("/api/faces", json={"text": "😂"}, headers=headers) as response:
        assert await refusal(response) == (403, error)


async def test_browsers_are_told_to_stay_with_https(client: aiohttp.ClientSession) -> None:
    async with client.get("/privacy", headers=STRANGER) as response:
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(
    "changes",
    [
        {"public_url": "http://faces.example"},
        {"public_url": "https://faces.example/below"},
        {"public_url": "https://user@faces.example"},
        {"trusted_proxies": ["everybody"]},
        {"trusted_proxies": ["10.0.0.1/8"]},
        {"requests_per_minute": 0},
        {"metrics_token": "short"},
    ],
)
def test_settings_that_would_not_work_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        web_settings(**changes)


def test_a_public_url_of_this_machine_lets_nobody_in() -> None:
    assert not web_settings(public_url="http://localhost:8080").is_public
    assert not web_settings(public_url="http://localhost:8080").is_for_others
    assert web_settings(host="0.0.0.0").is_for_others
    assert web_settings(public_url="https://faces.example").is_public
