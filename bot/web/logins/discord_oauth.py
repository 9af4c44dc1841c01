"""Discord's OAuth2, as far as a login needs it: https://docs.discord.com/developers/topics/oauth2

The token that a login brings is asked two questions, who and where, and revoked at once; it is never stored.
"""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from yarl import URL

from bot.bounded import TooMuch, read_bounded
from bot.models import Platform
from bot.store.web_sessions import Identity
from bot.web.logins.way import LoginFailed
from config.servers import Snowflake
from config.settings import DiscordSettings

log = structlog.get_logger(__name__)

SCOPES = "identify guilds"
TIMEOUT_S = 10.0
MAX_BYTES = 1_000_000
MAX_GUILDS = 200  # a member can be in no more
_ADMINISTRATOR, _MANAGE_GUILD = 1 << 3, 1 << 5
_MAX_NAME = 64


class _Token(BaseModel):
    access_token: str = Field(min_length=1, max_length=2048, pattern=r"^[!-~]+$")


class _User(BaseModel):
    id: Snowflake
    username: str
    global_name: str | None = None


class _Guild(BaseModel):
    id: Snowflake
    owner: bool = False
    permissions: int = 0


_GUILDS = TypeAdapter(list[_Guild])


class DiscordOAuth:
    """Works once an application's id and secret are set."""

    title = "Discord"

    def __init__(
        self, session: aiohttp.ClientSession, settings: DiscordSettings, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        assert settings.client_id is not None
        assert settings.client_secret is not None
        self._session = session
        self._api_url = URL(settings.api_url)
        self._authorize_url = URL(settings.authorize_url)
        self._client_id = settings.client_id
        secret = settings.client_secret.get_secret_value()
        self._proof = aiohttp.encode_basic_auth(settings.client_id, secret)
        self._timeout_s = timeout_s

    def authorize_url(self, state: str, redirect: str) -> str:
        """Where somebody agrees to be known here."""
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "scope": SCOPES,
            "state": state,
            "redirect_uri": redirect,
        }
        return str(self._authorize_url.with_query(query))

    async def identify(self, code: str, redirect: str) -> Identity:
        """Who agreed, with the servers they may manage. Raise LoginFailed."""
        try:
            async with asyncio.timeout(self._timeout_s):
                form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
                token = _Token.model_validate_json(await self._ask("POST", "oauth2/token", form=form)).access_token
                try:
                    return await self._identity(token)
                finally:
                    await self._revoke(token)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise LoginFailed(type(error).__name__) from error
        except ValidationError:  # says what was in it: not to be logged
            raise LoginFailed("unreadable answer") from None

    async def _identity(self, token: str) -> Identity:
        user = _User.model_validate_json(await self._ask("GET", "users/@me", token=token))
        guilds = _GUILDS.validate_json(await self._ask("GET", "users/@me/guilds", token=token))
        managed = [each.id for each in guilds if each.owner or each.permissions & (_ADMINISTRATOR | _MANAGE_GUILD)]
        name = (user.global_name or user.username)[:_MAX_NAME]
        return Identity(Platform.DISCORD, user.id, name, tuple(managed[:MAX_GUILDS]))

    async def _revoke(self, token: str) -> None:
        """A token that could not be revoked ends by itself within days, and nobody has it."""
        form = {"token": token, "token_type_hint": "access_token"}
        try:
            await self._ask("POST", "oauth2/token/revoke", form=form)
        except (LoginFailed, aiohttp.ClientError) as error:
            log.warning("login_token_not_revoked", error=type(error).__name__)

    async def _ask(self, method: str, path: str, *, token: str = "", form: dict[str, str] | None = None) -> bytes:
        headers = {"Authorization": self._proof if form else f"Bearer {token}"}
        async with self._session.request(
            method, self._api_url / path, data=form, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise LoginFailed(f"{path}: status {answer.status}")
            try:
                return await read_bounded(answer.content, MAX_BYTES)
            except TooMuch:
                raise LoginFailed(f"{path}: too much") from None
