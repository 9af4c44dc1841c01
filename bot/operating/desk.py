"""The operator's decisions, whether they come from Discord or the terminal: all of them are changes of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from ulid import ULID

from bot.models import FaceRequest
from bot.policy.policy import Policy
from bot.policy.settings import EVERYWHERE
from bot.store.audit import Audit, AuditEntry
from bot.store.operator_tasks import OperatorTask, OperatorTasks, TaskKind
from bot.store.pictures import PictureStore
from bot.store.reports import Report, Reports, ReportState
from bot.store.requests import RequestStore
from bot.store.servers import Servers
from bot.store.staged_faces import StagedFaces

log = structlog.get_logger(__name__)

MAX_WORDS = 1500  # of a broadcast; a message has 2000 characters


class NothingLikeIt(Exception):
    """There is no such face or server (any more)."""


class TooLong(Exception):
    """A broadcast of more than MAX_WORDS characters, or of none."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How the instance stands."""

    open_reports: int
    servers: int
    is_paused: bool
    tasks: Mapping[tuple[str, str], int]


class OperatorDesk:
    """Whoever calls has made sure that it is the operator. Everything is written down under the scope `*`.

    What takes Discord itself is left to the running bot as tasks; it takes them up within seconds.
    """

    def __init__(
        self, engine: AsyncEngine, pictures: PictureStore, policy: Policy, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.reports = Reports(engine)
        self.tasks = OperatorTasks(engine)
        self.policy = policy
        self._requests = RequestStore(engine)
        self._servers = Servers(engine)
        self._audit = Audit(engine)
        self._pictures = pictures
        self._staged = StagedFaces(engine)
        self._clock = clock

    async def overview(self) -> Overview:
        return Overview(
            await self.reports.count_open(),
            len(await self._servers.present()),
            (await self.policy.effective(EVERYWHERE)).is_paused(self._clock()),
            await self.tasks.counts(),
        )

    async def face_of(self, report: Report) -> FaceRequest | None:
        """The request a report is about, as long as it is stored."""
        return await self._requests.get(report.request_id)

    async def take_down(self, request_id: str, by_user_id: str, *, block: bool) -> int:
        """The face goes everywhere: the answers that show it, the stored pictures, the caches. With `block` nothing is
        drawn any more of what it was made of. Returns of how many requests it was the face; raise NothingLikeIt."""
        request = await self._requests.get(request_id)
        if request is None:
            raise NothingLikeIt
        request_ids = await self.reports.take_down(request.key, request.id, self._clock())
        await self._staged.hide(request_ids, self._clock())
        await self._pictures.delete(request_ids)
        await self.reports.close(request_ids, ReportState.TAKEN_DOWN)
        if block:
            await self.tasks.add([self._task(TaskKind.BLOCK, EVERYWHERE, by_user_id, {"request_id": request.id})])
        await self._write_down("taken_down", by_user_id, {"request_id": request.id, "block": block})
        log.info("face_taken_down", request_id=request.id, faces=len(request_ids), block=block)
        return len(request_ids)

    async def dismiss(self, request_id: str, by_user_id: str) -> int:
        """Nothing is wrong with the face; how many reports that ends. Raise NothingLikeIt when it ends none."""
        ended = await self.reports.close([request_id], ReportState.DISMISSED)
        if not ended:
            raise NothingLikeIt
        await self._write_down("report_dismissed", by_user_id, {"request_id": request_id})
        return ended

    async def pause(self, by_user_id: str, *, on: bool) -> None:
        """The kill switch: nothing is drawn anywhere, in any process, until it is off again."""
        await self.policy.set(EVERYWHERE, None, "paused", on, by_user_id)

    async def leave(self, scope_id: str, by_user_id: str) -> str:
        """The id of the task; raise NothingLikeIt for a server the bot is not in."""
        if scope_id not in await self._servers.present():
            raise NothingLikeIt
        task = self._task(TaskKind.LEAVE, scope_id, by_user_id, {})
        await self.tasks.add([task])
        await self._write_down("left_server", by_user_id, {"scope_id": scope_id})
        return task.id

    async def broadcast(self, words: str, by_user_id: str) -> int:
        """One task for each server, so that each is told once whatever is restarted; how many. Raise TooLong."""
        words = words.strip()
        if not 0 < len(words) <= MAX_WORDS:
            raise TooLong
        scope_ids = sorted(await self._servers.present())
        await self.tasks.add(
            self._task(TaskKind.TELL, scope_id, by_user_id, {"words": words}) for scope_id in scope_ids
        )
        await self._write_down("broadcast", by_user_id, {"servers": len(scope_ids)})
        return len(scope_ids)

    def _task(self, kind: TaskKind, scope_id: str, by_user_id: str, detail: Mapping[str, str]) -> OperatorTask:
        now = self._clock()
        return OperatorTask(str(ULID.from_timestamp(now)), kind, scope_id, by_user_id, now, detail)

    async def _write_down(self, action: str, by_user_id: str, detail: Mapping[str, str | int | bool]) -> None:
        await self._audit.record(AuditEntry(EVERYWHERE, by_user_id, self._clock(), action, detail))
