"""`/login…` and `/logout`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from yarl import URL

from bot.models import Platform
from bot.store.web_sessions import Identity, WebSessions
from bot.texts import Text
from bot.web.forms import read_form
from bot.web.logins.sessions import FORM_TOKEN, Sessions, is_own_form
from bot.web.logins.way import LoginFailed, LoginWay
from bot.web.logins.words import Words
from bot.web.oauth_state import BadState, OAuthStates
from bot.web.rendering import FORMS, page
from bot.web.visitors import host_name

log = structlog.get_logger(__name__)

TERMINAL = Identity(Platform.CLI, "terminal", "Terminal")
"""Who comes with a code of the command line: the operator of this instance."""

_PANEL = "/panel"
_CODE = re.compile(r"[!-~]{1,512}")  # of OAuth and of ours alike: printable, and no longer than anybody makes them
_STATE = re.compile(r"[\w-]{43}", re.ASCII)


class LoginPages:
    """`ways` by the word that stands in their address. Nothing that comes from outside decides where a visitor is sent:
    everybody who logged in begins at the panel."""

    def __init__(
        self,
        sessions: Sessions,
        store: WebSessions,
        states: OAuthStates,
        ways: Mapping[str, LoginWay],
        *,
        public_url: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`public_url` is where platforms send people back to; None: where they came from, which is this machine."""
        self._sessions = sessions
        self._store = store
        self._states = states
        self._ways = ways
        self._public = URL(public_url) if public_url else None
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        ways = "|".join(self._ways)
        oauth = (
            web.get(f"/login/{{way:{ways}}}", self._leave),
            web.get(f"/login/{{way:{ways}}}/callback", self._come_back),
        )
        return (
            web.get("/login", self._choose),
            web.post("/login/code", self._enter),
            web.post("/logout", self._log_out),
            *(oauth if ways else ()),
        )

    async def _choose(self, request: web.Request) -> web.StreamResponse:
        if await self._sessions.current(request) is not None:
            return _sent_to(_PANEL)
        return self._login_page(request)

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["way"]
        if self._public is not None and host_name(request).lower() != self._public.host:
            return _sent_to(str(self._public.with_path("/login")))  # cookies of another name would not come back
        response = web.Response(status=HTTPStatus.SEE_OTHER)
        state = self._states.begin(response, f"login-{name}")
        response.headers["Location"] = self._ways[name].authorize_url(state, self._redirect(request, name))
        return response

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        name, query = request.match_info["way"], request.query
        state, code = query.get("state", ""), query.get("code", "")
        try:
            if not _STATE.fullmatch(state):
                raise BadState
            self._states.finish(request, f"login-{name}", state)
        except BadState:
            return self._refused(request, name, Words.not_begun)
        if not _CODE.fullmatch(code):  # `error=access_denied`, or nonsense
            return self._refused(request, name, Words.declined)
        try:
            who = await self._ways[name].identify(code, self._redirect(request, name))
        except LoginFailed as error:
            log.warning("login_failed", way=name, reason=str(error))
            return self._refused(request, name, Words.unreachable(self._ways[name].title), HTTPStatus.BAD_GATEWAY)
        response = _sent_to(_PANEL)
        self._states.forget(response, f"login-{name}")
        await self._sessions.begin(request, response, who)
        return response

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        code = (await read_form(request)).get("code", "").strip()
        if not _CODE.fullmatch(code) or not await self._store.use_code(code, self._clock()):
            return self._login_page(request, problem=Words.bad_code, status=HTTPStatus.FORBIDDEN)
        response = _sent_to(_PANEL)
        await self._sessions.begin(request, response, TERMINAL)
        return response

    async def _log_out(self, request: web.Request) -> web.StreamResponse:
        login = await self._sessions.current(request)
        if login is not None and not is_own_form(login, (await read_form(request)).get(FORM_TOKEN, "")):
            return _sent_to(_PANEL)
        response = _sent_to("/login")
        await self._sessions.end(request, response)
        return response

    def _login_page(
        self, request: web.Request, *, problem: Text | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> web.Response:
        ways = [(f"/login/{name}", way.title) for name, way in self._ways.items()]
        return page(
            request,
            "login.html",
            status=status,
            policy=FORMS,
            title=Words.title,
            words=Words,
            ways=ways,
            problem=problem,
        )

    def _refused(
        self, request: web.Request, name: str, problem: Text, status: HTTPStatus = HTTPStatus.FORBIDDEN
    ) -> web.Response:
        response = self._login_page(request, problem=problem, status=status)
        self._states.forget(response, f"login-{name}")
        return response

    def _redirect(self, request: web.Request, name: str) -> str:
        site = self._public or URL(f"http://{request.host}")
        return str(site.with_path(f"/login/{name}/callback"))


def _sent_to(path: str) -> web.Response:
    """303: a reload does not send a form again."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})
