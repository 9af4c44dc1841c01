"""The fake's OAuth2: the page where somebody agrees, tokens, who they are and where.

A browser that visits the page is `fake.oauth.visitor`, who agrees at once (`agrees`), or says no.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import encode_basic_auth, web
from yarl import URL

from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.guild_payloads import everywhere, user_json
from tests.fakes.discord.world import Guild, User

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

REDIRECT_SUFFIX = "/login/discord/callback"
SECRET = "discord-app-secret"  # of the fake application


@dataclass(slots=True, eq=False)
class OAuthApi:
    """Routes that people's tokens are for, and those that make them. `issued` and `revoked` are access tokens;
    `elsewhere` are guilds without the bot."""

    fake: FakeDiscord
    visitor: User | None = None
    agrees: bool = True
    issued: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    asked_scopes: list[str] = field(default_factory=list)
    elsewhere: list[Guild] = field(default_factory=list)
    _codes: dict[str, tuple[User, str]] = field(default_factory=dict)
    _tokens: dict[str, User] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(API + "/oauth2/authorize", self._page),
            web.post(API + "/oauth2/token", self._token),
            web.post(API + "/oauth2/token/revoke", self._revoke),
        ]

    def who(self, request: web.Request) -> User | None:
        """Whose token the request has; None for the bot's."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._tokens.get(token) if kind == "Bearer" else None

    def guilds_of(self, user: User) -> web.Response:
        """As `/users/@me/guilds` tells a person's own token: all they are in, with the bot or without."""
        rows = []
        for guild in (each for each in (*self.fake.guilds, *self.elsewhere) if user in each.members):
            owner = guild.owner is user
            about: dict[str, Any] = {"id": str(guild.id), "name": guild.name, "icon": None, "owner": owner}
            rows.append(about | {"permissions": str(everywhere(user, guild)), "features": []})
        return json_answer(rows)

    def user(self, user: User) -> web.Response:
        return json_answer(user_json(user))

    async def _page(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        redirect = query.get("redirect_uri", "")
        known = query.get("client_id") == str(self.fake.application_id) and redirect.endswith(REDIRECT_SUFFIX)
        if not known or query.get("response_type") != "code":
            return web.Response(status=400, text="Invalid OAuth2 redirect_uri")
        self.asked_scopes.append(query.get("scope", ""))
        state = query.get("state", "")
        if not self.agrees or self.visitor is None:
            denied = {"error": "access_denied", "error_description": "The resource owner denied", "state": state}
            raise web.HTTPFound(URL(redirect).with_query(denied))
        code = secrets.token_hex(15)
        self._codes[code] = (self.visitor, redirect)
        raise web.HTTPFound(URL(redirect).with_query({"code": code, "state": state}))

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if not self._is_application(request):
            return json_answer({"error": "invalid_client"}, 401)
        user, redirect = self._codes.pop(str(form.get("code")), (None, ""))
        if user is None or redirect != form.get("redirect_uri") or form.get("grant_type") != "authorization_code":
            return json_answer({"error": "invalid_grant", "error_description": "Invalid code"}, 400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = user
        self.issued.append(token)
        about = {"token_type": "Bearer", "expires_in": 604800, "refresh_token": secrets.token_urlsafe(24)}
        return json_answer({"access_token": token, "scope": "identify guilds", **about})

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if not self._is_application(request):
            return json_answer({"error": "invalid_client"}, 401)
        token = str(form.get("token"))
        self._tokens.pop(token, None)
        self.revoked.append(token)
        return json_answer({})

    def _is_application(self, request: web.Request) -> bool:
        proof = encode_basic_auth(str(self.fake.application_id), SECRET)
        return request.headers.get("Authorization") == proof
