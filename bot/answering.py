"""From an accepted request to its answer: fetch → check → admit → draw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from bot import errors
from bot.delivery import Answer, Refusal
from bot.errors import FaceError
from bot.events import Changes
from bot.face_job import fitting_job
from bot.face_parts import FaceServiceParts
from bot.models import Emote, FacePicture, FaceRequest, RequestState
from bot.replies import words_for
from bot.store.outage import is_outage
from bot.texts import say
from config.settings import RequestsSettings
from inference.protocol import Picture, Style

log = structlog.get_logger(__name__)


class Answering:
    """Draws one request at a time for as many callers as there are."""

    def __init__(
        self,
        parts: FaceServiceParts,
        settings: RequestsSettings,
        model_ids: Mapping[Style, str],
        *,
        changes: Changes,
        clock: Callable[[], float],
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._model_ids = model_ids
        self._changes = changes
        self._clock = clock

    @property
    def styles(self) -> tuple[Style, ...]:
        """Those that can be drawn."""
        return tuple(self._model_ids)

    def model_id(self, style: Style) -> str:
        """Raise NoWeights or StyleNotServed."""
        if not self._model_ids:
            raise errors.NoWeights
        if style not in self._model_ids:
            raise errors.StyleNotServed(tuple(self._model_ids))
        return self._model_ids[style]

    async def answer(self, request: FaceRequest) -> Answer:
        """The face, or words; raise only what the store raises when it is out of reach."""
        if request.refusal:  # an earlier run got as far as these words
            return Refusal(request.refusal)
        if request.state is not RequestState.ACCEPTED and (finished := await self._parts.pictures.load(request.id)):
            return finished
        try:
            if request.accepted_at < self._clock() - self._settings.recover_max_age_s:
                raise errors.DeadlineExceeded
            return await self._draw(request)
        except FaceError as error:
            log.info("request_refused", request_id=request.id, error=type(error).__name__)
            return Refusal(say(words_for(error), request.locale))
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("request_failed", request_id=request.id)
            return Refusal(say(words_for(errors.GeneratorFailed()), request.locale))

    async def _draw(self, request: FaceRequest) -> FacePicture:
        model_id = self.model_id(request.options.style)
        pictures = await self._pictures(request)
        job = await asyncio.to_thread(fitting_job, model_id, pictures, request.options, request.deadline_at)
        await self._parts.requests.advance(request.id, RequestState.QUEUED, key=job.key, cost=job.cost)
        self._changes.announce(request.id)
        result = await self._parts.admission.draw(request.id, request.origin, job)
        ready = self._parts.requests.step(request.id, RequestState.READY)
        return await self._parts.pictures.save(request.id, result, self._clock(), ready)

    async def block(self, emotes: Iterable[Emote], scope_id: str, by_user_id: str) -> None:
        """From now on nothing of these is drawn in the scope: emotes of catalogues are blocked by
        their ids, people's own pictures by what they look like, for which they are fetched once more.

        Raise TooManyBlocked, or an EmoteUnavailable for a picture that is gone.
        """
        blocking = self._parts.policy.blocking
        for part in {part for emote in emotes for part in emote.parts}:
            if part.source.is_private:
                await self._parts.fetcher.fetch(part.alone, partial(blocking.block_picture, scope_id, by_user_id))
            else:
                await blocking.block_emote(scope_id, part, by_user_id)

    async def _pictures(self, request: FaceRequest) -> list[Picture]:
        """Raise PictureBlocked for what is not drawn there, before anything is made of it."""
        blocked = await self._parts.policy.blocking.pictures(request.origin.scope_id)
        fetched = [await self._parts.fetcher.fetch(emote, blocked.check) for emote in request.emotes]
        return [
            replace(picture, pixelated=emote.is_somebodys)
            for picture, emote in zip(fetched, request.emotes, strict=True)
        ]
