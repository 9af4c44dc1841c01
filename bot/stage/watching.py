"""Who follows the stage: watchers of one scope, such as an overlay's stream, and listeners, such as the mirror."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog

from bot.stage.face import StagedFace, StageState

log = structlog.get_logger(__name__)

MAX_UNSEEN = 64  # changes kept for a slow watcher
MAX_UNHEARD = 1000  # … for a slow listener
LISTENER_TIMEOUT_S = 60.0


class StageListener(Protocol):
    """Does something about faces that come and go, in any scope.

    It hears of every change at least once, in every process, also of what other processes changed: what it does must
    be the same when it is done twice. Whatever it raises is logged.
    """

    async def shown(self, face: StagedFace) -> None:
        """Everybody may see it now."""
        ...

    async def hidden(self, face: StagedFace) -> None:
        """Nobody may see it any more; it may never have been shown."""
        ...


class StageWatch:
    """What changed since the last look: of each face only how it stands now, the oldest change first."""

    def __init__(self) -> None:
        self._unseen: dict[str, StagedFace] = {}
        self._changed = asyncio.Event()

    def take(self, face: StagedFace) -> None:
        """Something changed. A watcher that is too slow misses faces that came, never one that goes."""
        self._unseen.pop(face.request_id, None)
        if len(self._unseen) >= MAX_UNSEEN:
            came = (id_ for id_, each in self._unseen.items() if each.state is not StageState.HIDDEN)
            self._unseen.pop(next(came, next(iter(self._unseen))))
        self._unseen[face.request_id] = face
        self._changed.set()

    def __aiter__(self) -> AsyncIterator[StagedFace]:
        return self

    async def __anext__(self) -> StagedFace:
        """The next change; waits for it without end."""
        while not self._unseen:
            self._changed.clear()
            await self._changed.wait()
        return self._unseen.pop(next(iter(self._unseen)))


class Watchers:
    """The open watches of this process, by scope."""

    def __init__(self) -> None:
        self._watches: defaultdict[str, set[StageWatch]] = defaultdict(set)

    def announce(self, face: StagedFace) -> None:
        for watch in self._watches.get(face.origin.scope_id, ()):
            watch.take(face)

    @contextmanager
    def watching(self, scope_id: str) -> Iterator[StageWatch]:
        """Miss no change inside the block."""
        watch = StageWatch()
        self._watches[scope_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[scope_id].discard(watch)
            if not self._watches[scope_id]:
                del self._watches[scope_id]


class Ear:
    """One listener and what it has not heard yet: a slow one keeps nobody waiting."""

    def __init__(self, listener: StageListener) -> None:
        self._listener = listener
        self._unheard: asyncio.Queue[StagedFace] = asyncio.Queue(MAX_UNHEARD)

    def take(self, face: StagedFace) -> None:
        try:
            self._unheard.put_nowait(face)
        except asyncio.QueueFull:
            log.warning("stage_change_missed", request_id=face.request_id, state=face.state)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            face = await self._unheard.get()
            hear = self._listener.hidden if face.state is StageState.HIDDEN else self._listener.shown
            try:
                async with asyncio.timeout(LISTENER_TIMEOUT_S):
                    await hear(face)
            except Exception:
                log.exception("stage_listener_failed", request_id=face.request_id, state=face.state)
