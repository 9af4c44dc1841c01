"""`forget-me`: everything about a person goes, wherever it is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.models import FaceRequest, Platform, Progress
from bot.store.guesses import GuessStore
from bot.store.personal import PersonalData
from bot.store.pictures import PictureStore

log = structlog.get_logger(__name__)

_SENDING_S = 20.0  # an answer that is being posted just now is waited for


class Cancels(Protocol):
    """`bot.face_service.FaceService`."""

    async def unfinished_of(self, platform: Platform, user_id: str) -> list[FaceRequest]: ...

    async def cancel(self, request_id: str) -> bool: ...

    def watch(self, request_id: str) -> AsyncIterator[Progress]: ...


class Withdraws(Protocol):
    """`bot.stage.stage.Stage`."""

    async def withdraw(self, request_ids: Collection[str]) -> None: ...


class ForgetsFaces(Protocol):
    """The cache of finished faces; `inference.queue.memory.MemoryQueue`."""

    def forget(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Requests that are nobody's now, and how many of their answers go from the channels."""

    requests: int
    answers: int


class Forgetting:
    """What stays: an opt-out, blocks, and the record of what an admin changed. All three are for others' sake or the
    person's own wish, and `bot.privacy` says for how long."""

    def __init__(
        self,
        faces: Cancels,
        personal: PersonalData,
        pictures: PictureStore,
        guesses: GuessStore,
        cache: ForgetsFaces,
        *,
        stage: Withdraws,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._faces = faces
        self._personal = personal
        self._pictures = pictures
        self._guesses = guesses
        self._cache = cache
        self._stage = stage
        self._clock = clock

    async def forget(self, platform: Platform, user_id: str) -> Forgotten:
        """Doing it twice is harmless; so is the end of the program in the middle, if it is done again."""
        for request in await self._faces.unfinished_of(platform, user_id):
            if not await self._faces.cancel(request.id):
                await self._finished(request.id)
        faces = await self._personal.forget(platform, user_id, self._clock())
        request_ids = [face.request_id for face in faces]
        await self._stage.withdraw(request_ids)
        await self._pictures.delete(request_ids)
        for face in faces:
            if face.key is not None:
                self._cache.forget(face.key)
        await self._guesses.forget(platform, user_id)
        log.info("person_forgotten", platform=platform, requests=len(faces))
        return Forgotten(len(faces), sum(face.is_posted for face in faces))

    async def _finished(self, request_id: str) -> None:
        try:
            async with asyncio.timeout(_SENDING_S):
                async for _ in self._faces.watch(request_id):
                    pass
        except TimeoutError:
            log.info("request_not_forgotten_yet", request_id=request_id)
