"""Logging in with Twitch. A login's token says whose it is and is revoked at once; it is never stored."""

from __future__ import annotations

import aiohttp
import structlog

from bot.models import Platform
from bot.store.web_sessions import Identity
from bot.twitch.errors import TwitchDown, TwitchRefused
from bot.twitch.oauth import TwitchOAuth
from bot.web.logins.way import LoginFailed
from config.twitch import TwitchSettings

log = structlog.get_logger(__name__)


class TwitchLogin:
    """Works once an application's id and secret are set."""

    title = "Twitch"

    def __init__(self, session: aiohttp.ClientSession, settings: TwitchSettings) -> None:
        self._oauth = TwitchOAuth(session, settings)

    def authorize_url(self, state: str, redirect: str) -> str:
        """Where somebody agrees to be known here; no scope is asked for."""
        return self._oauth.authorize_url((), state, redirect)

    async def identify(self, code: str, redirect: str) -> Identity:
        """Who agreed. Raise LoginFailed."""
        try:
            token = (await self._oauth.exchange(code, redirect)).access_token
            try:
                who = await self._oauth.validate(token)
            finally:
                await self._revoke(token)
        except (TwitchDown, TwitchRefused) as error:
            raise LoginFailed(type(error).__name__) from error
        return Identity(Platform.TWITCH, who.user_id, who.login)

    async def _revoke(self, token: str) -> None:
        """A token that could not be revoked ends by itself within hours, and nobody has it."""
        try:
            await self._oauth.revoke(token)
        except (TwitchDown, TwitchRefused) as error:
            log.warning("login_token_not_revoked", error=type(error).__name__)
