"""Every address of the whole site, as strangers reach it on a public server: headers, redirects, and no crash."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from yarl import URL

from bot.app import _panel, _twitch_bot, _web_app
from bot.core import open_core
from bot.policy.pages import PAGES
from bot.store.overlays import SECRET_CHARS
from config.settings import Settings

SAMPLES = [
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "1" * 11,
    "1" * 22,
    "a" * SECRET_CHARS,
    "1",
    "webp",
    *PAGES,
    "twitch",
    "discord",
]
STRANGER = {"Host": "faces.example", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
EVIL = "https://evil.example/"
WAYS_OUT = {"id.twitch.tv", "discord.com"}


def public(settings: Settings) -> Settings:
    """With everything on that adds addresses."""
    web_settings = settings.web.model_copy(
        update={"public_url": "https://faces.example", "requests_per_minute": 100_000}
    )
    named = {"client_id": "abc", "client_secret": SecretStr("a-secret"), "bot_user_id": "1"}
    twitch = settings.twitch.model_copy(
        update={key: value for key, value in named.items() if hasattr(settings.twitch, key)}
    )
    return settings.model_copy(update={"web": web_settings, "twitch": twitch})


def addresses(app: web.Application) -> Iterator[tuple[str, str]]:
    """Each method and path, with something that fits in place of what is variable."""
    for route in app.router.routes():
        info = route.get_info()
        if route.method == "HEAD":
            continue
        if "prefix" in info:
            yield route.method, f"{info['prefix']}/playground.js"
        elif "path" in info:
            yield route.method, info["path"]
        else:
            yield route.method, _filled_in(info["formatter"], info["pattern"])


def _filled_in(formatter: str, pattern: re.Pattern[str]) -> str:
    names = re.findall(r"{(\w+)}", formatter)
    tries = itertools.product(SAMPLES, repeat=len(names))
    paths = (formatter.format(**dict(zip(names, values, strict=True))) for values in tries)
    return next((path for path in paths if pattern.fullmatch(path)), f"no sample for {formatter}")


async def test_every_answer_has_the_headers_and_leads_nowhere_else(settings: Settings) -> None:
    settings = public(settings)
    async with open_core(settings) as core, core.service.running(0):
        app = _web_app(settings, core, _panel(settings, core), _twitch_bot(settings, core))
        visited = set()
        async with TestClient(TestServer(app)) as client:
            for method, path in addresses(app):
                assert path.startswith("/"), path
                query = dict.fromkeys(("next", "url", "redirect", "redirect_uri", "return_to", "state", "code"), EVIL)
                url = URL(path, encoded=True).with_query(query)
                async with client.request(method, url, headers=STRANGER, allow_redirects=False) as response:
                    visited.add(path)
                    where = f"{method} {path} → {response.status}"
                    assert response.status < 500 or path == "/health/ready", where
                    _has_headers(response.headers, where)
                    _stays_here(response.headers.get("Location"), where)
    assert len(visited) >= 20
    assert {"/", "/metrics", "/oembed", "/privacy", "/health/ready"} <= visited


def _has_headers(headers: object, where: str) -> None:
    assert hasattr(headers, "get")
    policy = headers.get("Content-Security-Policy", "")
    for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors"):
        assert part in policy, where
    assert "unsafe-" not in policy, where
    assert headers.get("X-Content-Type-Options") == "nosniff", where
    assert headers.get("Referrer-Policy") in {"no-referrer", "same-origin"}, where
    assert headers.get("Strict-Transport-Security"), where
    assert headers.get("Cross-Origin-Opener-Policy") == "same-origin", where
    assert headers.get("Cross-Origin-Resource-Policy") in {"same-origin", "cross-origin"}, where
    assert headers.get("Permissions-Policy"), where
    assert headers.get("Cache-Control"), where


def _stays_here(location: str | None, where: str) -> None:
    if location is not None:
        host = URL(location).host
        assert host is None or host == "faces.example" or host in WAYS_OUT, f"{where} {location}"
        assert not location.startswith("//"), where
