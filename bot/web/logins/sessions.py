"""Who a request comes from: a cookie that only this server can have made, and the session it names in the store."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.store.web_sessions import Identity, WebSessions
from bot.web.signing import Signer

log = structlog.get_logger(__name__)

SESSION_AGE_S = 12 * 3600.0
FORM_TOKEN = "form_token"  # noqa: S105  # the name of the field
_COOKIE = re.compile(r"([\w-]{43})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in. Every form of theirs carries `form_token`, which no other site can know."""

    who: Identity
    session_id: str
    form_token: str


class Sessions:
    """Begins, finds and ends them. `secure` is whether browsers reach the site over https only."""

    def __init__(
        self, store: WebSessions, signer: Signer, *, secure: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._signer = signer
        self._secure = secure
        self._clock = clock
        # The prefix has browsers refuse such a cookie from subdomains and over plain http.
        self.cookie_name = "__Host-emoteface_session" if secure else "emoteface_session"

    async def begin(self, request: web.Request, response: web.StreamResponse, who: Identity) -> None:
        """Log somebody in, with an id that nobody knew before; a session this browser had is over."""
        await self._forget(request)
        session_id, now = secrets.token_urlsafe(32), self._clock()
        await self._store.begin(session_id, who, now, now + SESSION_AGE_S)
        response.set_cookie(
            self.cookie_name,
            f"{session_id}.{self._signer.signature('session', session_id)}",
            max_age=int(SESSION_AGE_S),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",
        )
        log.info("panel_login", platform=who.platform)

    async def current(self, request: web.Request) -> Login | None:
        """None for anybody who is not logged in; a made-up cookie never reaches the store."""
        session_id = self._session_id(request)
        if session_id is None:
            return None
        who = await self._store.find(session_id, self._clock())
        return None if who is None else Login(who, session_id, self._signer.signature("form", session_id))

    async def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Log out: the session is over wherever its cookie still is."""
        await self._forget(request)
        response.del_cookie(self.cookie_name, path="/", secure=self._secure, httponly=True, samesite="Lax")

    async def _forget(self, request: web.Request) -> None:
        if (session_id := self._session_id(request)) is not None:
            await self._store.end(session_id)

    def _session_id(self, request: web.Request) -> str | None:
        found = _COOKIE.fullmatch(request.cookies.get(self.cookie_name, ""))
        return found[1] if found and self._signer.is_valid("session", found[1], found[2]) else None


def is_own_form(login: Login, form_token: str) -> bool:
    """Whether the form is one that we gave to this very session."""
    return secrets.compare_digest(login.form_token.encode(), form_token.encode())
