"""What is not for strangers on a public server: the playground, whose faces cost, and the numbers."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web.refusal import WebRefusal
from bot.web.visitors import Visitors
from config.web import WebSettings

IsLoggedIn: TypeAlias = Callable[[web.Request], Awaitable[bool]]
_FOR_INSIDERS = "/api/"


async def nobody_is_logged_in(_: web.Request) -> bool:
    """For a site without logins."""
    return False


class Insiders:
    """On a server that is not public, everybody who reaches it is one."""

    def __init__(
        self, settings: WebSettings, visitors: Visitors, is_logged_in: IsLoggedIn = nobody_is_logged_in
    ) -> None:
        token = settings.metrics_token
        self._is_public = settings.is_public
        self._token = None if token is None else token.get_secret_value()
        self._visitors = visitors
        self._is_logged_in = is_logged_in

    async def may_draw(self, request: web.Request) -> bool:
        """Who may use the playground: who is at this very machine, and who is logged in."""
        if not self._is_public or self._visitors.is_at_this_machine(request):
            return True
        return await self._is_logged_in(request)

    def may_read_numbers(self, request: web.Request) -> bool:
        """Who may read metrics, and how every part is: who is at this very machine, and who knows the token."""
        if not self._is_public or self._visitors.is_at_this_machine(request):
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if self._token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode())

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep strangers from the playground's API."""
        if request.path.startswith(_FOR_INSIDERS) and not await self.may_draw(request):
            message = "Faces are asked for in chat, or here by who is logged in."
            raise WebRefusal(HTTPStatus.FORBIDDEN, "not_logged_in", message)
        return await handler(request)
