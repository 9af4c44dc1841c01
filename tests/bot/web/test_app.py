"""What holds for every answer, who is let in, and how the server starts and ends."""

import asyncio

import aiohttp
import pytest
from ulid import ULID

from bot.health import HealthPart
from bot.web.app import WebServer, build_app
from tests.bot.web.conftest import Site, legal_pages, web_settings

EVERYWHERE = ["/", "/static/playground.js", "/api/faces/nothing", "/no/such/page", "/health/live", "/metrics"]


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_forbids_inline_code_framing_sniffing_and_referrers(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Cache-Control" in response.headers


async def test_event_streams_have_the_headers_too(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", json={"text": "😂"}) as response:
        location = response.headers["Location"]

    async with client.get(f"{location}/events") as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        await site.faces.answer(site.faces.last_id)


async def test_the_page_is_html_without_inline_code_or_outside_resources(client: aiohttp.ClientSession) -> None:
    async with client.get("/") as response:
        page = await response.text()

    assert response.content_type == "text/html"
    assert "style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/') == 1
    assert "https://" not in page


async def test_static_files_are_asked_for_again_but_not_sent_again(client: aiohttp.ClientSession) -> None:
    async with client.get("/static/playground.css") as response:
        assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache")
        etag = response.headers["ETag"]

    async with client.get("/static/playground.css", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


@pytest.mark.parametrize("path", ["/static/", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/nothing.js"])
async def test_nothing_but_the_static_files_can_be_fetched(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as response:
        assert response.status in {403, 404}
        assert "import" not in await response.text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this machine
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_other_sites_cannot_ask_through_a_visitors_browser(
    site: Site, client: aiohttp.ClientSession, method: str, headers: dict[str, str]
) -> None:
    path = "/api/faces" if method == "POST" else f"/api/faces/{ULID()}"
    async with client.request(method, path, json={"text": "😂"}, headers=headers) as response:
        assert (response.status, (await response.json())["error"]) == (403, "cross_origin")
    assert site.faces.requests == {}


@pytest.mark.parametrize("fetch_site", ["same-origin", "none"])
async def test_the_own_page_can_ask(site: Site, client: aiohttp.ClientSession, fetch_site: str) -> None:
    headers = {"Sec-Fetch-Site": fetch_site, "Origin": site.url}
    async with client.post("/api/faces", json={"text": "😂"}, headers=headers) as response:
        assert response.status == 202


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.168.0.7", ":", "["]
)
async def test_a_local_server_answers_to_local_names_only(client: aiohttp.ClientSession, host: str) -> None:
    async with client.get("/", headers={"Host": host}) as response:
        assert (response.status, (await response.json())["error"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1", "[::1]:8080", "127.8.8.8"])
async def test_every_local_name_works_whatever_the_port(client: aiohttp.ClientSession, host: str) -> None:
    async with client.get("/health/live", headers={"Host": host}) as response:
        assert response.status == 200


async def test_a_server_for_others_answers_to_any_name() -> None:
    site = Site()
    async with (
        site.serving(host="0.0.0.0"),
        aiohttp.ClientSession(site.url) as client,
        client.get("/health/live", headers={"Host": "faces.example"}) as response,
    ):
        assert response.status == 200


async def test_ready_follows_the_parts(site: Site, client: aiohttp.ClientSession) -> None:
    worker = HealthPart("worker", ok=True, detail={"child_pid": 4711})

    async def check() -> HealthPart:
        return worker

    site.health.add("worker", check)

    async with client.get("/health/ready") as response:
        assert response.status == 200
        assert await response.json() == {"ok": True, "parts": {"worker": {"ok": True, "detail": {"child_pid": 4711}}}}

    worker = HealthPart("worker", ok=False, detail={"child_pid": None})

    async with client.get("/health/ready") as response:
        assert (response.status, (await response.json())["ok"]) == (503, False)
    async with client.get("/health/live") as response:
        assert response.status == 200


async def test_metrics_are_served_as_prometheus_text(site: Site, client: aiohttp.ClientSession) -> None:
    site.metrics.face_reused()

    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        assert "emoteface_cache_hits_total 1.0" in await response.text()


async def test_the_port_is_unknown_before_the_start() -> None:
    site = Site()
    settings = web_settings()
    app = build_app(site.faces, site.uploads, site.health, site.metrics, web_settings=settings, pages=[legal_pages()])

    with pytest.raises(RuntimeError, match="not started"):
        _ = WebServer(app, settings).port


async def test_a_taken_port_is_an_error_at_once(site: Site) -> None:
    settings = web_settings(port=site.port)
    app = build_app(site.faces, site.uploads, site.health, site.metrics, web_settings=settings, pages=[legal_pages()])

    with pytest.raises(OSError, match="address already in use"):
        async with asyncio.timeout(60):
            await WebServer(app, settings).run()


async def test_stopping_ends_event_streams_in_order() -> None:
    site = Site()
    async with site.serving():
        client = aiohttp.ClientSession(site.url)
        async with client.post("/api/faces", json={"text": "😂"}) as accepted:
            location = accepted.headers["Location"]
        response = await client.get(f"{location}/events")
        await response.content.readuntil(b"\r\n\r\n")

    assert await response.content.read() == b""  # a proper end, not a broken connection
    assert site.faces.watched == 0
    await client.close()
