"""twitchio's HTTP client with our tokens, timeouts, retries and rate limits.

The library's own refreshes tokens with the client secret in an address, knows no timeouts, drops what a 429 says about
waiting, and repeats a message after a 503, which may have been sent. So every request of the library ends here instead.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
import structlog
from sqlalchemy.exc import SQLAlchemyError
from twitchio.authentication.tokens import ManagedHTTPClient
from twitchio.http import Route

from bot.bounded import TooMuch, read_bounded
from bot.store.twitch_accounts import AccountKey, Role
from bot.twitch.allowance import Allowances
from bot.twitch.errors import MissingScope, TwitchDown, TwitchRefused
from bot.twitch.tokens import Tokens

log = structlog.get_logger(__name__)

# Twitch's id, or the store, is out of reach, or gives no sensible answer. Timeouts are OSErrors.
_NO_TOKEN = (TwitchDown, aiohttp.ClientError, SQLAlchemyError, OSError, ValueError)
MAX_BYTES = 2_000_000  # a page of a hundred subscriptions has about 60 kB


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take, how often it is tried, and the pauses between (doubled each time)."""

    timeout_s: float = 10.0
    tries: int = 4
    pause_s: float = 0.5


def use_servers(helix_url: str, id_url: str) -> None:
    """Point twitchio at the configured servers. They are class attributes: one choice for the whole process."""
    Route.BASE = f"{helix_url}/"
    Route.ID_BASE = f"{id_url.removesuffix('/oauth2')}/"


def token_for(key: AccountKey) -> str:
    """How a route of the library names whose token it takes."""
    return f"{key.role}:{key.user_id}"


class HelixHttp(ManagedHTTPClient):
    """Raises errors of `bot.twitch.errors` in place of the library's."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        tokens: Tokens,
        *,
        client_id: str,
        patience: Patience = Patience(),  # frozen
        random: Random | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        super().__init__(client_id=client_id, session=session)
        self._ours = session
        self._our_tokens = tokens
        self._patience = patience
        self._random = random or Random()
        self._pause = pause
        self._allowances = Allowances(pause)

    async def request(self, route: Route) -> Any:
        """The answer's JSON, None where there is none. What may have taken effect is not sent twice, unless that does
        no harm."""
        whose, renewals = route.token_for, 0
        for attempt in range(self._patience.tries):
            is_last = attempt == self._patience.tries - 1
            await self._allowances.take(whose)
            token = await self._token(whose)
            try:
                status, headers, body = await self._send(route, token)
            except TwitchDown as error:
                if is_last or not (error.unsent or _is_harmless(route)):
                    raise
            else:
                self._allowances.learn(whose, status, headers)
                if status < 400:
                    return _parsed(body) if body else None
                if status == 401 and _is_about_token(body) and not renewals:
                    renewals += 1
                    await self._renew(whose, token)
                    continue
                if status != 429 and status < 500:
                    raise _refusal(status, body)
                if is_last or (status != 429 and not _is_harmless(route)):
                    raise TwitchDown(status)
                log.info("twitch_request_repeated", method=route.method, path=route.path, status=status)
            await self._pause(self._patience.pause_s * 2**attempt * self._random.uniform(0.5, 1.5))
        raise TwitchDown(401, unsent=True)

    async def _send(self, route: Route, token: str) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Client-Id": self.client_id, "Authorization": f"Bearer {token}", "Accept": "application/json"}
        timeout = aiohttp.ClientTimeout(total=self._patience.timeout_s)
        try:
            async with self._ours.request(
                route.method,
                route.url,
                headers=headers,
                json=route.json or None,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return response.status, response.headers, await read_bounded(response.content, MAX_BYTES)
        except aiohttp.ClientConnectorError:
            raise TwitchDown(unsent=True) from None
        except (aiohttp.ClientError, OSError, TimeoutError, TooMuch):
            raise TwitchDown from None

    async def _token(self, whose: str) -> str:
        """Whatever is in its way, nothing has been sent by then."""
        try:
            if whose:
                return await self._our_tokens.of(_key(whose))
            async with asyncio.timeout(self._patience.timeout_s):
                headers = await self._our_tokens.app_headers()
        except aiohttp.ClientResponseError as error:
            if error.status in {400, 401, 403}:
                raise TwitchRefused(error.status, "the application's id or secret is wrong") from None
            raise TwitchDown(error.status, unsent=True) from None
        except _NO_TOKEN as error:
            raise TwitchDown(getattr(error, "status", None), unsent=True) from None
        return headers["Authorization"].removeprefix("Bearer ")

    async def _renew(self, whose: str, refused: str) -> None:
        try:
            if whose:
                await self._our_tokens.renewed(_key(whose), refused)
            elif self._our_tokens.app is not None:
                self._our_tokens.app.renew()
        except _NO_TOKEN as error:
            raise TwitchDown(getattr(error, "status", None), unsent=True) from None


def _key(whose: str) -> AccountKey:
    role, _, user_id = whose.partition(":")
    return AccountKey(user_id, Role(role))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise TwitchDown from None


def _is_harmless(route: Route) -> bool:
    """To send it once more when it may have taken effect. A subscription made twice is refused the second time."""
    return route.method != "POST" or route.path == "eventsub/subscriptions"


def _is_about_token(body: bytes) -> bool:
    return _words(body).lower() in {"invalid oauth token", "invalid access token"}


def _refusal(status: int, body: bytes) -> TwitchRefused:
    words = _words(body)
    return (MissingScope if words.lower().startswith("missing scope") else TwitchRefused)(status, words)


def _words(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])[:200]
    except (ValueError, KeyError, TypeError):
        return ""
