"""Twitch's own emotes through Helix, and who is who there. Needs an application's id and secret.

https://dev.twitch.tv/docs/api/reference/#get-global-emotes
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Annotated

import aiohttp
from pydantic import BaseModel, SecretStr, StringConstraints

from bot.bounded import read_bounded
from bot.emotes.catalogue import EMPTY, Catalogue, Listed
from bot.emotes.lenient import valid
from bot.emotes.source_api import SourceApi
from bot.models import Emote, EmoteSource

LOGIN = re.compile(r"[a-z0-9_]{1,25}", re.ASCII)
_EARLIER_S = 60.0  # a token is renewed so long before its end
_MAX_TOKEN_BYTES = 16_384


class _Token(BaseModel):
    access_token: str
    expires_in: float


class _Emote(BaseModel):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z_]{1,64}$")]
    name: str
    format: list[str]


class _Channel(BaseModel):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]


class _Answer(BaseModel):
    data: list[object]


class AppToken:
    """An application's own token: fetched when first needed, again before it ends, and when Twitch refuses it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        id_url: str,
        *,
        client_id: str,
        client_secret: SecretStr,
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._url = f"{id_url}/token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._ends_at = 0.0

    async def headers(self) -> Mapping[str, str]:
        """For a call of Helix. Raise aiohttp.ClientError, TimeoutError or ValueError when Twitch gives no token."""
        async with self._lock:
            if self._token is None or self._clock() >= self._ends_at:
                await self._fetch()
        return {"Client-Id": self._client_id, "Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """The token in force is good for nothing."""
        self._token = None

    async def _fetch(self) -> None:
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
            "grant_type": "client_credentials",
        }
        async with self._session.post(self._url, data=form, allow_redirects=False) as response:
            response.raise_for_status()
            token = _Token.model_validate_json(await read_bounded(response.content, _MAX_TOKEN_BYTES))
        self._token, self._ends_at = token.access_token, self._clock() + token.expires_in - _EARLIER_S


class Twitch:
    """The catalogues of Twitch, and its channels by name."""

    source = EmoteSource.TWITCH

    def __init__(self, api: SourceApi) -> None:
        self.api = api

    async def everywhere(self) -> Catalogue:
        """Raise SourceDown."""
        return await self.api.get("chat/emotes/global", _read) or EMPTY

    async def of_channel(self, twitch_id: str) -> Catalogue:
        """Empty for a channel without emotes. Raise SourceDown."""
        return await self.api.get(f"chat/emotes?broadcaster_id={twitch_id}", _read) or EMPTY

    async def twitch_id(self, login: str) -> str | None:
        """The id of the channel with this name (see LOGIN), if there is one. Raise SourceDown."""
        return await self.api.get(f"users?login={login}", _read_id)


def picture_urls(cdn_url: str, emote: Emote) -> tuple[str, ...]:
    """One, drawn for dark backgrounds, where nearly all chats are."""
    return (f"{cdn_url}/emoticons/v2/{emote.id}/{'animated' if emote.animated else 'static'}/dark/3.0",)


def _read(body: bytes) -> Catalogue:
    emotes = valid(_Emote, _Answer.model_validate_json(body).data)
    return Catalogue(Listed(EmoteSource.TWITCH, e.id, e.name, animated="animated" in e.format) for e in emotes)


def _read_id(body: bytes) -> str | None:
    return next((channel.id for channel in valid(_Channel, _Answer.model_validate_json(body).data)), None)
