"""The stage: finished faces are presented on it, approved, and hidden everywhere at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog
from cachetools import TTLCache

from bot.forgetting import ForgetsFaces
from bot.models import FacePicture, FaceRequest, RequestState
from bot.policy.policy import Policy
from bot.stage.face import StagedFace, StageState
from bot.stage.watching import Ear, StageListener, StageWatch, Watchers
from bot.store.audit import Audit, AuditEntry
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.staged_faces import StagedFaces

log = structlog.get_logger(__name__)

FOLLOW_EVERY_S = 1.0  # how late a process learns what another one did
OVERLAP_S = 30.0  # clocks of machines may differ, and commits take a while
MAX_CHANGES = 1000  # looked at in one go
MAX_LISTED = 50
_STEPS = tuple(StageState)  # in which order they follow


@dataclass(frozen=True, slots=True)
class StageParts:
    """What the stage is made of."""

    faces: StagedFaces
    requests: RequestStore
    pictures: PictureStore
    policy: Policy
    cache: ForgetsFaces
    audit: Audit


class Stage:
    """One per process, `run` beside everything else; processes that share the store show the same."""

    def __init__(self, parts: StageParts, public_url: str | None, *, clock: Callable[[], float] = time.time) -> None:
        self._parts = parts
        self._public_url = public_url
        self._clock = clock
        self._watchers = Watchers()
        self._ears: list[Ear] = []
        self._tasks: asyncio.TaskGroup | None = None
        self._announced: TTLCache[str, StageState] = TTLCache(10_000, 4 * OVERLAP_S)

    def add_listener(self, listener: StageListener) -> None:
        """From now on it hears of every face, as `StageListener` says."""
        ear = Ear(listener)
        self._ears.append(ear)
        if self._tasks is not None:
            self._tasks.create_task(ear.run())

    def watching(self, scope_id: str) -> AbstractContextManager[StageWatch]:
        """Every change in this scope while the block is open, those of other processes a second late; those that become
        pending too."""
        return self._watchers.watching(scope_id)

    async def run(self) -> None:
        """Tell the listeners, and find what other processes changed; until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            for ear in self._ears:
                self._tasks.create_task(ear.run())
            while True:
                try:
                    await self._follow()
                except Exception:
                    log.exception("stage_not_followed")
                await asyncio.sleep(FOLLOW_EVERY_S)

    async def present(self, request: FaceRequest, picture: FacePicture) -> StagedFace | None:
        """A face is finished. Presenting it again, also after a restart, changes nothing.

        None for what is nobody else's business: see `FaceRequest.is_for_all`.
        """
        if not request.is_for_all:
            return None
        origin = request.origin
        here = await self._parts.policy.effective(origin.scope_id, origin.channel_id, request.parent_channel_id)
        state = StageState.PENDING if here.approve_first else StageState.SHOWN
        in_gallery = here.gallery and not request.is_of_private_pictures
        face = await self._parts.faces.add(request, state, self._clock(), in_gallery=in_gallery)
        if face is not None:
            self._announce(face)
        return face

    async def approve(self, request_id: str, by_user_id: str) -> bool:
        """Show what is pending; False when it is not (any more). The caller has made sure that this user may."""
        face = await self._parts.faces.approve(request_id, self._clock())
        if face is None:
            return False
        await self._write_down("face_approved", face, by_user_id)
        self._announce(face)
        return True

    async def hide(self, request_id: str, by_user_id: str) -> bool:
        """Take it away from everywhere, for good: when this returns, its picture is gone and no page shows it any more;
        messages follow as fast as the platforms let them go. False for what is not on the stage (any more).

        The caller has made sure that this user may.
        """
        request = await self._parts.requests.get(request_id)
        if request is None:
            return False
        if await self._parts.faces.get(request_id) is None:
            if request.state is not RequestState.SENDING or not request.is_for_all:
                return False
            # It is drawn and comes to the stage in a moment: then it is hidden already.
            await self._parts.faces.add(request, StageState.PENDING, self._clock(), in_gallery=False)
        hidden = await self._parts.faces.hide([request_id], self._clock(), answers_too=True)
        await self._parts.pictures.delete([request_id])
        if request.key is not None:
            self._parts.cache.forget(request.key)
        for face in hidden:
            await self._write_down("face_hidden", face, by_user_id)
            self._announce(face)
        return bool(hidden)

    async def withdraw(self, request_ids: Collection[str]) -> None:
        """These are deleted elsewhere: they go from the stage too."""
        for face in await self._parts.faces.hide(request_ids, self._clock()):
            self._announce(face)

    async def get(self, request_id: str) -> StagedFace | None:
        """In whatever state; None for what was never presented, or is forgotten."""
        return await self._parts.faces.get(request_id)

    async def by_slug(self, slug: str) -> StagedFace | None:
        """As `get`, by the name in its link."""
        return await self._parts.faces.by_slug(slug)

    async def last(self, scope_id: str) -> StagedFace | None:
        """The newest that is shown there."""
        return await self._parts.faces.last(scope_id)

    async def pending(self, scope_id: str) -> list[StagedFace]:
        """Those that wait for approval, oldest first; at most MAX_LISTED."""
        return await self._parts.faces.pending(scope_id, MAX_LISTED)

    async def recent(self, scope_id: str, since: float) -> list[StagedFace]:
        """Those shown since this Unix time or later, oldest first; at most the newest MAX_LISTED."""
        return await self._parts.faces.recent(scope_id, since, MAX_LISTED)

    async def link(self, request_id: str) -> str | None:
        """The face's own page, which opens once the face is shown; None without a public URL, and where the gallery is
        not open."""
        if self._public_url is None:
            return None
        face = await self._parts.faces.get(request_id)
        if face is None or not face.in_gallery:
            return None
        return f"{self._public_url.rstrip('/')}/f/{face.slug}"

    async def _follow(self) -> None:
        for face in await self._parts.faces.changed_since(self._clock() - OVERLAP_S, MAX_CHANGES):
            self._announce(face)

    def _announce(self, face: StagedFace) -> None:
        """Once for each state, and never back: what was read before a change may arrive after it."""
        before = self._announced.get(face.request_id)
        if before is not None and _STEPS.index(face.state) <= _STEPS.index(before):
            return
        self._announced[face.request_id] = face.state
        log.info("stage_changed", request_id=face.request_id, scope_id=face.origin.scope_id, state=face.state)
        self._watchers.announce(face)
        if face.state is not StageState.PENDING:
            for ear in self._ears:
                ear.take(face)

    async def _write_down(self, action: str, face: StagedFace, by_user_id: str) -> None:
        detail = {"request_id": face.request_id}
        entry = AuditEntry(face.origin.scope_id, by_user_id, self._clock(), action, detail)
        await self._parts.audit.record(entry)
        self._parts.policy.announce(entry)
