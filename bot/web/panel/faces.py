"""The faces of a place: approving them, and taking them away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from bot import replies
from bot.stage.face import StagedFace, StageState
from bot.stage.stage import Stage
from bot.texts import Text
from bot.web.panel.pages import Doors, Visit, path_of, sent_to
from bot.web.panel.places import SCOPE, Managed
from bot.web.panel.refusal import PanelRefusal
from bot.web.panel.words import Words

RECENT_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A face as the page has it. `asker` is what somebody calls themselves."""

    request_id: str
    picture: str
    alt: Text
    asker: str | None
    is_pending: bool


class FacesPages:
    """Behind every press stands the stage, which takes a face away everywhere."""

    def __init__(self, doors: Doors, stage: Stage, *, clock: Callable[[], float] = time.time) -> None:
        self._doors = doors
        self._stage = stage
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        faces = f"/panel/{SCOPE}/faces"
        one = f"{faces}/{{id:[0-9A-HJKMNP-TV-Z]{{26}}}}"
        return (
            web.get(faces, self._doors.place(self._list)),
            web.post(f"{one}/approve", self._doors.place(self._approve)),
            web.post(f"{one}/hide", self._doors.place(self._hide)),
        )

    async def _list(self, visit: Visit, place: Managed) -> web.StreamResponse:
        pending = await self._stage.pending(place.scope_id)
        recent = await self._stage.recent(place.scope_id, self._clock() - RECENT_S)
        return visit.page(
            "panel_faces.html",
            title=Words.faces,
            place=place,
            at="faces",
            pending=[_shown(face) for face in pending],
            recent=[_shown(face) for face in reversed(recent)],
        )

    async def _approve(self, visit: Visit, place: Managed) -> web.StreamResponse:
        face = await self._face(visit, place)
        if not await self._stage.approve(face.request_id, visit.user_id):
            raise PanelRefusal(HTTPStatus.CONFLICT, Words.gone)
        return sent_to(path_of(place, "/faces"))

    async def _hide(self, visit: Visit, place: Managed) -> web.StreamResponse:
        face = await self._face(visit, place)
        if not await self._stage.hide(face.request_id, visit.user_id):
            raise PanelRefusal(HTTPStatus.CONFLICT, Words.gone)
        return sent_to(path_of(place, "/faces"))

    async def _face(self, visit: Visit, place: Managed) -> StagedFace:
        """The one in the address, if it is of this place."""
        face = await self._stage.get(visit.request.match_info["id"])
        if face is None or face.origin.scope_id != place.scope_id or face.state is StageState.HIDDEN:
            raise PanelRefusal(HTTPStatus.NOT_FOUND, Words.gone)
        return face


def _shown(face: StagedFace) -> Shown:
    return Shown(
        face.request_id,
        f"/pictures/{face.request_id}.{face.options.form}",
        replies.alt_text(face.emotes),
        face.asker_name,
        face.state is StageState.PENDING,
    )
