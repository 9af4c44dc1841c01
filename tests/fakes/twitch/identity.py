"""id.twitch.tv: the authorize page, tokens, device codes. https://dev.twitch.tv/docs/authentication/"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web
from yarl import URL

from tests.fakes.twitch.problems import ApiError
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.world import Token, User

KNOWN_SCOPES = {
    "channel:bot",
    "channel:manage:redemptions",
    "channel:read:redemptions",
    "channel:read:subscriptions",
    "channel:read:vips",
    "moderation:read",
    "moderator:manage:chat_messages",
    "moderator:read:followers",
    "user:bot",
    "user:read:chat",
    "user:read:email",
    "user:read:moderated_channels",
    "user:write:chat",
}
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(slots=True)
class _Code:
    user: User
    scopes: set[str]
    redirect_uri: str


@dataclass(slots=True)
class _Device:
    scopes: set[str]
    user_code: str
    user: User | None = None
    denied: bool = False


class Identity:
    """The routes; `approve` is what somebody does at the address of a device code."""

    def __init__(self, state: TwitchState) -> None:
        self._state = state
        self._codes: dict[str, _Code] = {}
        self._devices: dict[str, _Device] = {}
        self.polled = 0

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/oauth2/authorize", self._authorize),
            web.post("/oauth2/token", self._token),
            web.get("/oauth2/validate", self._validate),
            web.post("/oauth2/revoke", self._revoke),
            web.post("/oauth2/device", self._device),
        ]

    @property
    def user_codes(self) -> list[str]:
        return [device.user_code for device in self._devices.values()]

    def approve(self, user_code: str, user: User | None) -> None:
        """Somebody typed the code in and said yes (None: no)."""
        device = next(each for each in self._devices.values() if each.user_code == user_code)
        device.user, device.denied = user, user is None

    async def _authorize(self, request: web.Request) -> web.Response:
        query, state = request.query, self._state
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != state.client_id:
            raise ApiError(400, "invalid client")
        if state.redirect_uris and redirect_uri not in state.redirect_uris:
            raise ApiError(400, "redirect_mismatch: Parameter redirect_uri does not match registered URI")
        if query.get("response_type") != "code":
            raise ApiError(400, "unsupported response type")
        scopes = set(query.get("scope", "").split())
        if scopes - KNOWN_SCOPES:
            raise ApiError(400, "invalid scope requested")
        if state.browsing is None:
            answer = {"error": "access_denied", "error_description": "The user denied you access"}
        else:
            code = secrets.token_hex(15)
            self._codes[code] = _Code(state.browsing, scopes, redirect_uri)
            answer = {"code": code, "scope": " ".join(sorted(scopes))}
        if "state" in query:
            answer["state"] = query["state"]
        raise web.HTTPFound(URL(redirect_uri).update_query(answer))

    async def _token(self, request: web.Request) -> web.Response:
        if {"client_secret", "refresh_token", "code"} & request.query.keys():
            self._state.complaints.append("secrets in the address of a request")
        form = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        if form.get("client_id") != self._state.client_id:
            raise ApiError(400, "invalid client")
        match form.get("grant_type"):
            case "client_credentials":
                self._prove(form)
                return _given(self._state.grant(None), self._state)
            case "authorization_code":
                self._prove(form)
                return self._exchanged(form)
            case "refresh_token":
                return self._refreshed(form)
            case grant if grant == _DEVICE_GRANT:
                return self._device_polled(form)
        raise ApiError(400, "Invalid grant type")

    def _prove(self, form: dict[str, str]) -> None:
        if "client_secret" not in form:
            raise ApiError(400, "missing client secret")
        if form["client_secret"] != self._state.client_secret:
            raise ApiError(403, "invalid client secret")

    def _exchanged(self, form: dict[str, str]) -> web.Response:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.redirect_uri != form.get("redirect_uri"):
            raise ApiError(400, "Invalid authorization code")
        return _given(self._state.grant(code.user, *code.scopes), self._state)

    def _refreshed(self, form: dict[str, str]) -> web.Response:
        if not self._state.is_public_client:
            self._prove(form)
        old = self._state.refreshes.pop(form.get("refresh_token", ""), None)
        if old is None:
            raise ApiError(400, "Invalid refresh token")
        self._state.tokens.pop(old.value, None)
        new = self._state.grant(old.user, *old.scopes)
        self._state.refreshed += 1
        return _given(new, self._state)

    async def _validate(self, request: web.Request) -> web.Response:
        value = request.headers.get("Authorization", "").removeprefix("OAuth ").removeprefix("Bearer ")
        token = self._state.tokens.get(value)
        if token is None or token.ends_at <= time.monotonic():
            return web.json_response({"status": 401, "message": "invalid access token"}, status=401)
        about = {"client_id": self._state.client_id, "expires_in": int(token.ends_at - time.monotonic())}
        if token.user is not None:
            about |= {"login": token.user.login, "user_id": token.user.id}
        return web.json_response(about | {"scopes": sorted(token.scopes) if token.user else None})

    async def _revoke(self, request: web.Request) -> web.Response:
        form = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        if form.get("client_id") != self._state.client_id:
            raise ApiError(404, "client does not exist")
        token = self._state.tokens.get(form.get("token", ""))
        if token is None:
            raise ApiError(400, "Invalid token")
        del self._state.tokens[token.value]
        if token.user is not None:
            self._state.refreshes.pop(token.refresh or "", None)
            left = [each.scopes for each in self._state.tokens.values() if each.user is token.user]
            token.user.granted = set().union(*left)
        return web.Response()

    async def _device(self, request: web.Request) -> web.Response:
        form = await request.post()
        scopes = set(str(form.get("scopes", "")).split())
        if form.get("client_id") != self._state.client_id:
            raise ApiError(400, "invalid client")
        if scopes - KNOWN_SCOPES:
            raise ApiError(400, "invalid scope requested")
        device, user_code = secrets.token_urlsafe(30), secrets.token_hex(4).upper()
        self._devices[device] = _Device(scopes, user_code)
        return web.json_response(
            {
                "device_code": device,
                "expires_in": 1800,
                "interval": 5,
                "user_code": user_code,
                "verification_uri": f"https://www.twitch.tv/activate?public=true&device-code={user_code}",
            }
        )

    def _device_polled(self, form: dict[str, str]) -> web.Response:
        self.polled += 1
        device = self._devices.get(form.get("device_code", ""))
        if device is None or device.denied:
            raise ApiError(400, "invalid device code")
        if set(form.get("scopes", "").split()) != device.scopes:
            raise ApiError(400, "invalid scope requested")
        if device.user is None:
            raise ApiError(400, "authorization_pending")
        del self._devices[form["device_code"]]
        return _given(self._state.grant(device.user, *device.scopes), self._state)


def _given(token: Token, state: TwitchState) -> web.Response:
    body = {"access_token": token.value, "expires_in": int(state.token_lives_s), "token_type": "bearer"}
    if token.user is not None:
        body |= {"refresh_token": token.refresh, "scope": sorted(token.scopes)}
    return web.json_response(body)
