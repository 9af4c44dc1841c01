"""What every page of the panel has: a login, a place that its visitor may manage, and errors as pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.errors import FaceError
from bot.replies import words_for
from bot.texts import Text
from bot.web.forms import read_form
from bot.web.guards import content_policy
from bot.web.logins.sessions import FORM_TOKEN, Login, Sessions, is_own_form
from bot.web.panel.places import Managed, Places
from bot.web.panel.refusal import PanelRefusal
from bot.web.panel.words import Words
from bot.web.rendering import page

LOGIN, PANEL = "/login", "/panel"
_POLICY = content_policy(form_action="'self'", frame_src="'self'")  # a frame shows the overlay


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is logged in."""

    request: web.Request
    login: Login
    is_operator: bool

    @property
    def user_id(self) -> str:
        """Who is written down for a change."""
        return self.login.who.user_id

    def page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> web.Response:
        """A template that extends the panel's frame."""
        return page(
            self.request,
            template,
            status=status,
            policy=_POLICY,
            words=Words,
            login=self.login,
            is_operator=self.is_operator,
            **{"place": None, "at": "", **values},
        )


InPanel: TypeAlias = Callable[[Visit], Awaitable[web.StreamResponse]]
InPlace: TypeAlias = Callable[[Visit, Managed], Awaitable[web.StreamResponse]]


class Doors:
    """Who is let in where. Whatever a handler behind one does, it does for somebody who may."""

    def __init__(self, sessions: Sessions, places: Places) -> None:
        self._sessions = sessions
        self.places = places

    def panel(self, handler: InPanel) -> Handler:
        """For everybody who is logged in; who is not is sent to the login. Forms must carry the login's token."""

        async def let_in(request: web.Request) -> web.StreamResponse:
            login = await self._sessions.current(request)
            if login is None:
                return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": LOGIN})
            visit = Visit(request, login, self.places.is_operator(login.who))
            try:
                if request.method == "POST" and not is_own_form(login, (await read_form(request)).get(FORM_TOKEN, "")):
                    raise PanelRefusal(HTTPStatus.FORBIDDEN, Words.stale_form)
                return await handler(visit)
            except FaceError as error:
                return _refused(visit, HTTPStatus.CONFLICT, words_for(error))
            except PanelRefusal as refusal:
                return _refused(visit, refusal.status, refusal.words)

        return let_in

    def place(self, handler: InPlace) -> Handler:
        """For who may manage, at this moment, the place in the address."""

        async def let_in(visit: Visit) -> web.StreamResponse:
            managed = await self.places.open(visit.login.who, visit.request.match_info["scope"])
            return await handler(visit, managed)

        return self.panel(let_in)

    def operator(self, handler: InPanel) -> Handler:
        """For the operator of the instance."""

        async def let_in(visit: Visit) -> web.StreamResponse:
            if not visit.is_operator:
                raise PanelRefusal(HTTPStatus.FORBIDDEN, Words.operator_only)
            return await handler(visit)

        return self.panel(let_in)


def sent_to(path: str) -> web.Response:
    """303: a reload does not do it again. `path` is one of ours."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def path_of(place: Managed, below: str = "") -> str:
    """The address of a place's page."""
    return f"{PANEL}/{place.scope_id}{below}"


def _refused(visit: Visit, status: HTTPStatus, words: Text) -> web.Response:
    return visit.page("panel_refused.html", status=status, title=Words.trouble, message=words)
