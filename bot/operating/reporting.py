"""Taking reports of faces, wherever people make them; they end in the operator's inbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

import structlog
from ulid import ULID

from bot.models import FaceRequest
from bot.store.reports import Reason, Report, Reports
from bot.texts import Text

log = structlog.get_logger(__name__)

MAX_OPEN = 20  # reports of one person that nobody has looked at


class Taken(Enum):
    """What became of a report."""

    NEW = auto()
    AGAIN = auto()  # the same person has reported the face before
    TOO_MANY = auto()


WORDS: Mapping[Taken, Text] = {
    Taken.NEW: Text("Thank you: whoever operates the bot will look at it."),
    Taken.AGAIN: Text("You have reported that one already."),
    Taken.TOO_MANY: Text("You have reported a lot: please wait until somebody has looked at it."),
}


class ReportTaker:
    """What is chosen is stored, and nothing that somebody could write."""

    def __init__(self, reports: Reports, *, clock: Callable[[], float] = time.time) -> None:
        self._reports = reports
        self._clock = clock

    async def take(self, requests: Sequence[FaceRequest], reporter_id: str, reason: Reason) -> Taken:
        """A report of these faces, which are shown together; at least one. `reporter_id` is one on their platform."""
        if await self._reports.open_of(requests[0].origin.platform, reporter_id) >= MAX_OPEN:
            return Taken.TOO_MANY
        new = [await self._reports.add(self._report(request, reporter_id, reason)) for request in requests]
        if not any(new):
            return Taken.AGAIN
        log.info("face_reported", request_ids=[request.id for request in requests], reason=reason)
        return Taken.NEW

    def _report(self, request: FaceRequest, reporter_id: str, reason: Reason) -> Report:
        now, origin = self._clock(), request.origin
        report_id = str(ULID.from_timestamp(now))
        return Report(
            report_id, request.id, origin.platform, origin.scope_id, origin.channel_id, reporter_id, reason, now
        )
