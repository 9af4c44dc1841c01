"""For the operator: reports, how the parts of the program are, the kill switch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from bot import replies
from bot.health import Health
from bot.models import FaceRequest
from bot.operating.desk import NothingLikeIt, OperatorDesk
from bot.operating.reasons import REASONS
from bot.store.reports import Report
from bot.texts import Text
from bot.web.panel.pages import Doors, Visit, sent_to
from bot.web.panel.refusal import PanelRefusal
from bot.web.panel.words import Words

REPORTS, HEALTH = "/panel/reports", "/panel/health"
_LISTED = 20
_ONE = f"{REPORTS}/{{id:[0-9A-HJKMNP-TV-Z]{{26}}}}"


@dataclass(frozen=True, slots=True)
class Reported:
    """A report and what it is about; `picture` is None once the face is forgotten."""

    report: Report
    reason: Text
    picture: str | None
    alt: Text


class OperatingPages:
    """Decisions are the operator desk's, as in Discord and on the command line."""

    def __init__(self, doors: Doors, desk: OperatorDesk, health: Health) -> None:
        self._doors = doors
        self._desk = desk
        self._health = health

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        inside = self._doors.operator
        return (
            web.get(REPORTS, inside(self._reports)),
            web.post(f"{_ONE}/take-down", inside(lambda visit: self._take_down(visit, block=False))),
            web.post(f"{_ONE}/block", inside(lambda visit: self._take_down(visit, block=True))),
            web.post(f"{_ONE}/dismiss", inside(self._dismiss)),
            web.get(HEALTH, inside(self._parts)),
            web.post("/panel/pause", inside(lambda visit: self._pause(visit, on=True))),
            web.post("/panel/go-on", inside(lambda visit: self._pause(visit, on=False))),
        )

    async def _reports(self, visit: Visit) -> web.StreamResponse:
        reports = await self._desk.reports.open(_LISTED)
        shown = [_reported(report, await self._desk.face_of(report)) for report in reports]
        return visit.page("panel_reports.html", title=Words.reports, at="reports", reports=shown)

    async def _take_down(self, visit: Visit, *, block: bool) -> web.StreamResponse:
        try:
            await self._desk.take_down(visit.request.match_info["id"], visit.user_id, block=block)
        except NothingLikeIt:
            raise PanelRefusal(HTTPStatus.NOT_FOUND, Words.gone) from None
        return sent_to(REPORTS)

    async def _dismiss(self, visit: Visit) -> web.StreamResponse:
        try:
            await self._desk.dismiss(visit.request.match_info["id"], visit.user_id)
        except NothingLikeIt:
            raise PanelRefusal(HTTPStatus.NOT_FOUND, Words.gone) from None
        return sent_to(REPORTS)

    async def _parts(self, visit: Visit) -> web.StreamResponse:
        readiness, overview = await self._health.ready(), await self._desk.overview()
        parts = [(part.name, part.ok, _details(part.detail)) for part in readiness.parts]
        return visit.page("panel_health.html", title=Words.health, at="health", parts=parts, overview=overview)

    async def _pause(self, visit: Visit, *, on: bool) -> web.StreamResponse:
        await self._desk.pause(visit.user_id, on=on)
        return sent_to(HEALTH)


def _details(detail: object) -> Sequence[tuple[str, str]]:
    assert isinstance(detail, dict)
    return [(name.replace("_", " "), "–" if value is None else str(value)) for name, value in detail.items()]


def _reported(report: Report, request: FaceRequest | None) -> Reported:
    reason = REASONS[report.reason]
    if request is None:
        return Reported(report, reason, None, Words.forgotten)
    picture = f"/pictures/{request.id}.{request.options.form}"
    return Reported(report, reason, picture, replies.alt_text(request.emotes))
