"""Twitch's OAuth, by hand: secrets go into bodies and headers, never into addresses, and so into no log.

https://dev.twitch.tv/docs/authentication/
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel, Field, ValidationError
from yarl import URL

from bot.bounded import TooMuch, read_bounded
from bot.twitch.errors import TwitchDown, TwitchRefused
from config.twitch import TwitchSettings

TIMEOUT_S = 10.0
_MAX_BYTES = 64_000
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_MIN_INTERVAL_S = 1.0

M = TypeVar("M", bound=BaseModel)


class LoginExpired(Exception):
    """Nobody typed the device code in, or somebody said no."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's tokens. `ends_at` is in Unix seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scopes: frozenset[str]
    ends_at: float


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is."""

    user_id: str
    login: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What somebody has to type in where; `code` is for us."""

    code: str = field(repr=False)
    user_code: str
    where: str
    interval_s: float
    expires_in_s: float
    scopes: frozenset[str]


class _Tokens(BaseModel):
    access_token: str
    refresh_token: str
    expires_in: float
    scope: list[str] | None = None


class _Validated(BaseModel):
    user_id: str = Field(pattern=r"^[0-9]{1,20}$")
    login: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    scopes: list[str] | None = None


class _Device(BaseModel):
    device_code: str
    user_code: str
    verification_uri: str
    interval: float
    expires_in: float


class _Problem(BaseModel):
    message: str = ""


class TwitchOAuth:
    """All calls raise TwitchDown when there is no usable answer and TwitchRefused when Twitch says no."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: TwitchSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._session = session
        self._url = settings.id_url
        self._client_id = settings.client_id or ""
        self._secret = settings.client_secret
        self._clock = clock

    def authorize_url(self, scopes: Iterable[str], state: str, redirect_uri: str, *, verify: bool = False) -> str:
        """Where a browser goes. `verify` shows the page also to who has agreed before, for choosing an account."""
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(sorted(scopes)),
            "state": state,
            "force_verify": "true" if verify else "false",
        }
        return str(URL(f"{self._url}/authorize").with_query(query))

    async def exchange(self, code: str, redirect_uri: str) -> Grant:
        """What the browser came back with; good once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._grant(await self._post("token", form, _Tokens))

    async def refresh(self, refresh_token: str) -> Grant:
        """New tokens; TwitchRefused: the account has to connect again. The old ones may be good for nothing now."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._grant(await self._post("token", form, _Tokens))

    async def validate(self, access_token: str) -> Identity:
        """TwitchRefused with status 401: the token is over."""
        answer = await self._call("GET", "validate", _Validated, headers={"Authorization": f"OAuth {access_token}"})
        return Identity(answer.user_id, answer.login, frozenset(answer.scopes or ()))

    async def revoke(self, access_token: str) -> None:
        """The token and its refresh token are good for nothing afterwards, also when they already were before."""
        try:
            await self._request("POST", "revoke", data={"client_id": self._client_id, "token": access_token})
        except TwitchRefused as error:
            if error.status not in {400, 404}:
                raise

    async def device(self, scopes: Iterable[str]) -> DeviceCode:
        """Begin a login without a browser of ours."""
        wanted = frozenset(scopes)
        form = {"client_id": self._client_id, "scopes": " ".join(sorted(wanted))}
        answer = await self._call("POST", "device", _Device, data=form)
        interval_s = max(_MIN_INTERVAL_S, answer.interval)
        return DeviceCode(
            answer.device_code, answer.user_code, answer.verification_uri, interval_s, answer.expires_in, wanted
        )

    async def agreed(self, device: DeviceCode, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> Grant:
        """Wait until somebody has typed the code in; raise LoginExpired when nobody did. Outages are waited out."""
        form = {
            "client_id": self._client_id,
            "scopes": " ".join(sorted(device.scopes)),
            "device_code": device.code,
            "grant_type": _DEVICE_GRANT,
        }
        ends_at = self._clock() + device.expires_in_s
        while self._clock() < ends_at:
            try:
                return self._grant(await self._call("POST", "token", _Tokens, data=form))
            except TwitchDown:
                pass
            except TwitchRefused as error:
                if error.words.lower() != "authorization_pending":
                    raise LoginExpired from error
            await pause(device.interval_s)
        raise LoginExpired

    def _grant(self, tokens: _Tokens) -> Grant:
        ends_at = self._clock() + tokens.expires_in
        return Grant(tokens.access_token, tokens.refresh_token, frozenset(tokens.scope or ()), ends_at)

    async def _post(self, path: str, form: Mapping[str, str], answer: type[M]) -> M:
        """As the application: a public one has no secret."""
        proof = {"client_id": self._client_id}
        if self._secret is not None:
            proof["client_secret"] = self._secret.get_secret_value()
        return await self._call("POST", path, answer, data={**form, **proof})

    async def _call(self, method: str, path: str, answer: type[M], **details: Any) -> M:
        body = await self._request(method, path, **details)
        try:
            return answer.model_validate_json(body)
        except ValidationError:
            raise TwitchDown from None  # the error would show the answer, and that has tokens in it

    async def _request(self, method: str, path: str, **details: Any) -> bytes:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self._session.request(
                method, f"{self._url}/{path}", allow_redirects=False, timeout=timeout, **details
            ) as response:
                body = await read_bounded(response.content, _MAX_BYTES)
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError, TooMuch):
            raise TwitchDown from None
        if status == 429 or status >= 500:
            raise TwitchDown(status)
        if status != 200:
            raise TwitchRefused(status, _words(body))
        return body


def _words(body: bytes) -> str:
    try:
        return _Problem.model_validate_json(body).message[:200]
    except ValidationError:
        return ""
