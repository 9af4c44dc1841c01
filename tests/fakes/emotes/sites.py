"""Twitch, BTTV, FFZ and 7TV on this machine: their APIs and their picture hosts, with real-shaped answers.

    async with EmoteSites() as sites:
        sites.bttv["cached/emotes/global"] = [shapes.bttv_emote("LUL")]
        settings = sites.settings(load_settings())

What is in none of the dictionaries is answered as the real ones answer it: 404 with their error JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self, TypeVar

from aiohttp import web
from pydantic import BaseModel, SecretStr

from config.settings import Settings
from tests.fakes import pictures
from tests.fakes.emotes import shapes

S = TypeVar("S", bound=BaseModel)

CLIENT_ID, CLIENT_SECRET = "fakeclient", "hush-hush-hush"
SITES = ("bttv", "ffz", "seventv", "helix")
_NOT_FOUND = {
    "bttv": {"message": "user not found"},
    "ffz": {"status": 404, "error": "Not Found", "message": "No such room"},
    "seventv": {"status_code": 404, "status": "Not Found", "error": "Unknown User", "error_code": 70442},
    "helix": {"error": "Not Found", "status": 404, "message": ""},
}


@dataclass(slots=True)
class Trouble:
    """What a site does instead of answering: a status, a body, or nothing until `released`."""

    status: int = 503
    body: bytes = b'{"message":"down"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)


class EmoteSites:
    """One server; each dictionary is an API, by path below its base URL. `asked` counts requests by site and path."""

    def __init__(self) -> None:
        self.bttv: dict[str, Any] = {"cached/emotes/global": []}
        self.ffz: dict[str, Any] = {"set/global": shapes.ffz_global()}
        self.seventv: dict[str, Any] = {"emote-sets/global": shapes.seventv_set()}
        self.helix: dict[str, Any] = {"chat/emotes/global": shapes.helix()}
        self.trouble: dict[str, Trouble] = {}  # by site
        self.asked: Counter[str] = Counter()
        self.unchanged = 0  # answers without a body
        self.tokens: list[str] = []  # given out; only the last is good
        self.missing_pictures: set[str] = set()
        self.fetched: list[str] = []  # pictures
        self.picture = pictures.RED_FILES["png"]
        self._origin = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.get("/{site:bttv|ffz|seventv|helix}/{path:.+}", self._api),
                web.post("/id/token", self._token),
                web.get("/{site:bttv|ffz|seventv|twitch}-cdn/{path:.+}", self._cdn),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._origin = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._runner is not None
        for trouble in self.trouble.values():
            trouble.released.set()
        await self._runner.cleanup()

    def url(self, place: str) -> str:
        return f"http://{self._origin}/{place}"

    @property
    def seventv_cdn(self) -> str:
        """As 7TV writes it: without a scheme."""
        return f"//{self._origin}/seventv-cdn"

    def variables(self, *, with_twitch: bool = True) -> dict[str, str]:
        """Names and values of the settings that point a program here."""
        found = {f"emotes.{site}.api_url": self.url(site) for site in ("bttv", "ffz", "seventv")}
        found |= {f"emotes.{site}.cdn_url": self.url(f"{site}-cdn") for site in ("bttv", "ffz", "seventv")}
        found |= {f"emotes.{site}.enabled": "true" for site in ("bttv", "ffz", "seventv")}
        found |= {
            "twitch.helix_url": self.url("helix"),
            "twitch.id_url": self.url("id"),
            "twitch.cdn_url": self.url("twitch-cdn"),
        }
        return found | ({"twitch.client_id": CLIENT_ID, "twitch.client_secret": CLIENT_SECRET} if with_twitch else {})

    def settings(self, settings: Settings, *, with_twitch: bool = True) -> Settings:
        """The same settings, pointed here."""
        for name, value in self.variables(with_twitch=with_twitch).items():
            parsed = SecretStr(value) if name.endswith("_secret") else value == "true" or value
            settings = _changed(settings, name.split("."), parsed)
        return settings

    def down(self, *sites: str, **details: Any) -> None:
        """From now on these answer with trouble."""
        self.trouble |= {site: Trouble(**details) for site in sites}

    async def _api(self, request: web.Request) -> web.StreamResponse:
        site, path = request.match_info["site"], request.match_info["path"]
        path += f"?{request.query_string}" if request.query_string else ""
        self.asked[f"{site}/{path}"] += 1
        if trouble := self.trouble.get(site):
            if trouble.hold:
                await trouble.released.wait()
            return web.Response(status=trouble.status, body=trouble.body, headers=trouble.headers)
        if site == "helix" and not self._knows(request):
            return web.json_response({"error": "Unauthorized", "status": 401, "message": "Invalid token"}, status=401)
        answers: dict[str, Any] = getattr(self, site)
        if path not in answers:
            return web.json_response(_NOT_FOUND[site], status=404)
        return self._tagged(request, json.dumps(answers[path]).encode())

    def _tagged(self, request: web.Request, body: bytes) -> web.Response:
        etag = f'W/"{sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            self.unchanged += 1
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type="application/json", headers={"ETag": etag})

    def _knows(self, request: web.Request) -> bool:
        given = (request.headers.get("Client-Id"), request.headers.get("Authorization"))
        return bool(self.tokens) and given == (CLIENT_ID, f"Bearer {self.tokens[-1]}")

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if trouble := self.trouble.get("id"):
            return web.Response(status=trouble.status, body=trouble.body)
        expected = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "client_credentials"}
        if dict(form) != expected or request.query_string:
            return web.json_response({"status": 403, "message": "invalid client secret"}, status=403)
        self.tokens.append(f"token{len(self.tokens)}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 5_011_271, "token_type": "bearer"})

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        path = f"{request.match_info['site']}/{request.match_info['path']}"
        self.fetched.append(path)
        if path in self.missing_pictures:
            return web.Response(status=404)
        return web.Response(body=self.picture, content_type="image/png")


def _changed(section: S, names: Sequence[str], value: Any) -> S:
    """A copy with one value changed, however deep (the settings themselves read only their own sources)."""
    first, *rest = names
    return section.model_copy(update={first: _changed(getattr(section, first), rest, value) if rest else value})
