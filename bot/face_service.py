"""The use case, whatever the platform: resolve → caps → commit → fetch → admit → draw → deliver.

Accepted means committed: from then on a request is carried to its answer by its own task, and by `recover` after a
restart. The task never outlives a final state, and a final state never changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from ulid import ULID

from bot import errors
from bot.admission import Admission, Outstanding
from bot.command import FaceCommand
from bot.delivery import Answer, Deliverer, Postman, Refusal, Undeliverable
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.resolver import MAX_EMOTES
from bot.errors import FaceError
from bot.events import Changes
from bot.face_job import fitting_job
from bot.metrics import Metrics
from bot.models import Emote, FacePicture, FaceRequest, Origin, Platform, Progress, RequestState
from bot.replies import words_for
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from config.settings import RequestsSettings
from inference.protocol import FaceOptions, Picture, Style

log = structlog.get_logger(__name__)

REFRESH_S = 1.0  # how often a waiting asker hears a new position


class Resolves(Protocol):
    """Words to emotes; `bot.emotes.chat.ChatEmotes`."""

    async def resolve(self, origin: Origin, words: tuple[str, ...], nearby: Catalogue) -> tuple[Emote, ...]: ...

    def note_use(self, origin: Origin, emotes: tuple[Emote, ...]) -> None: ...


class Fetches(Protocol):
    """Emotes to safe pixels; `bot.emotes.compose.ComposedPictures`."""

    async def fetch(self, emote: Emote) -> Picture: ...


@dataclass(frozen=True, slots=True)
class FaceServiceParts:
    """What the use case works with."""

    resolver: Resolves
    fetcher: Fetches
    requests: RequestStore
    pictures: PictureStore
    scope_settings: ScopeSettings
    admission: Admission
    metrics: Metrics


class FaceService:
    """One per process. Use it inside `async with service.running():`."""

    def __init__(
        self,
        parts: FaceServiceParts,
        settings: RequestsSettings,
        *,
        defaults: FaceOptions,
        model_ids: Mapping[Style, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._defaults = defaults
        self._model_ids = model_ids
        self._clock = clock
        self._outstanding = Outstanding(settings)
        self._changes = Changes()
        self._postman = Postman(parts.requests, parts.metrics, give_up_after_s=settings.recover_max_age_s)
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._draining = False

    def add_deliverer(self, platform: Platform, deliverer: Deliverer) -> None:
        """Must happen before `recover`."""
        self._postman.add(platform, deliverer)

    @asynccontextmanager
    async def running(self, grace_s: float) -> AsyncIterator[None]:
        """Serve requests inside the block; leaving it takes no more of them and gives those in work `grace_s`."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                yield
            finally:
                self._draining = True
                if self._serving:
                    await asyncio.wait(self._serving.values(), timeout=grace_s)
                for task in self._serving.values():
                    task.cancel()

    async def defaults(self, scope_id: str) -> FaceOptions:
        """The options a command starts from: the instance's, changed by what the scope has set."""
        chosen = await self._parts.scope_settings.all(scope_id)
        try:
            style = Style(chosen.get("style", self._defaults.style))
            return FaceOptions.from_json(self._defaults.changed(style=style).to_json() | chosen)
        except ValueError:  # written by another version of the program
            log.warning("scope_defaults_ignored", scope_id=scope_id, names=sorted(chosen))
            return self._defaults

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue = EMPTY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        """Accept a request: when this returns it is committed and will be answered through the platform's deliverer.

        `nearby` are emotes that only this chat has. Without words and uploads, one of the chat's favourites is drawn.
        Raise a FaceError when it is not accepted; the front end words it (`replies.words_for`) and answers itself.
        """
        try:
            emotes = await self._acceptable(origin, command, uploads, nearby)
            self._outstanding.check(origin, self._parts.admission.retry_after_s())
        except FaceError as error:
            self._parts.metrics.request_refused(origin.platform, error.code)
            raise
        now = self._clock()
        request = FaceRequest(
            id=str(ULID.from_timestamp(now)),
            origin=origin,
            emotes=emotes,
            options=command.options,
            accepted_at=now,
            deadline_at=now + self._settings.deadline_s,
            reply_target=reply_target or {},
        )
        self._outstanding.add(origin)
        try:
            await self._parts.requests.add(request)
        except BaseException:
            self._outstanding.remove(origin)
            raise
        self._parts.resolver.note_use(origin, emotes)
        log.info("request_accepted", request_id=request.id, platform=origin.platform, emotes=len(emotes))
        self._start(request)
        return request

    async def recover(self) -> int:
        """Take up what an earlier run of the program accepted and did not finish; return how many.

        What came over a platform that is off now is left for a start with it.
        """
        unfinished = [r for r in await self._parts.requests.unfinished() if r.id not in self._serving]
        deliverable = [request for request in unfinished if self._postman.serves(request.origin.platform)]
        for request in deliverable:
            self._outstanding.add(request.origin)
            self._start(replace(request, deadline_at=self._clock() + self._settings.deadline_s))
        if left := len(unfinished) - len(deliverable):
            log.warning("requests_left_for_their_platform", count=left)
        return len(deliverable)

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """Replace the stored reply target, e.g. once a status message exists that the answer should be edited into."""
        await self._parts.requests.set_reply_target(request_id, reply_target)

    async def progress(self, request_id: str) -> Progress | None:
        """Where it stands now; None for an unknown id."""
        request = await self._parts.requests.get(request_id)
        if request is None:
            return None
        place = self._parts.admission.place(request_id)
        if request.state is RequestState.ACCEPTED:
            place = place or self._parts.admission.newcomers_place()
        position, eta_s = (place.position, place.eta_s) if place else (None, None)
        return Progress(request_id, request.state, position, eta_s, request.refusal)

    async def watch(self, request_id: str) -> AsyncIterator[Progress]:
        """Every change of progress and about once a second a fresh position; ends after a final state."""
        last = None
        with self._changes.watching(request_id) as changes:
            while (progress := await self.progress(request_id)) is not None:
                if progress != last:
                    yield progress
                if progress.state.is_final:
                    return
                last = progress
                await changes.wait(REFRESH_S)

    async def cancel(self, request_id: str) -> bool:
        """Withdraw it before it is sent; False when it is too late or unknown."""
        request = await self._parts.requests.get(request_id)
        if request is None or not await self._parts.requests.advance(request_id, RequestState.CANCELLED):
            return False
        if task := self._serving.get(request_id):
            task.cancel()
        self._changes.announce(request_id)
        self._note_end(request, RequestState.CANCELLED)
        return True

    async def answered_as(self, platform: Platform, answer_ref: str) -> FaceRequest | None:
        """The request whose answer the platform calls this; None when it is not known (any more)."""
        return await self._parts.requests.answered_as(platform, answer_ref)

    async def request(self, request_id: str) -> FaceRequest | None:
        """The stored request; None for an unknown id."""
        return await self._parts.requests.get(request_id)

    async def picture(self, picture_id: str) -> FacePicture | None:
        """A stored face; a request's picture has the request's id."""
        return await self._parts.pictures.load(picture_id)

    async def _acceptable(
        self, origin: Origin, command: FaceCommand, uploads: tuple[Emote, ...], nearby: Catalogue
    ) -> tuple[Emote, ...]:
        emotes = uploads
        if command.words or not uploads:
            emotes += await self._parts.resolver.resolve(origin, command.words, nearby)
        if len(emotes) > MAX_EMOTES:
            raise errors.TooManyEmotes(MAX_EMOTES)
        self._model_id(command.options.style)
        return emotes

    def _model_id(self, style: Style) -> str:
        if not self._model_ids:
            raise errors.NoWeights
        if style not in self._model_ids:
            raise errors.StyleNotServed(tuple(self._model_ids))
        return self._model_ids[style]

    def _start(self, request: FaceRequest) -> None:
        """Serve a request that was counted as outstanding. Before `running` and while it ends, the row is all that is
        needed: `recover` takes it up, here or after the next start; it may also have been faster than the asking."""
        if self._tasks is None or self._draining or request.id in self._serving:
            self._outstanding.remove(request.origin)
            return
        task = self._tasks.create_task(self._serve(request), name=f"request {request.id}")
        self._serving[request.id] = task

    async def _serve(self, request: FaceRequest) -> None:
        try:
            await self._carry_to_its_answer(request)
        except Exception:
            log.exception("request_left_unfinished", request_id=request.id)
        finally:
            self._outstanding.remove(request.origin)
            self._serving.pop(request.id, None)
            self._changes.announce(request.id)

    async def _carry_to_its_answer(self, request: FaceRequest) -> None:
        maybe_sent = request.state is RequestState.SENDING
        answer = await self._answer(request)
        refusal = answer.words if isinstance(answer, Refusal) else None
        if not await self._parts.requests.advance(request.id, RequestState.SENDING, refusal=refusal):
            return  # cancelled meanwhile
        self._changes.announce(request.id)
        final = RequestState.REFUSED if refusal else RequestState.ANSWERED
        answer_ref = None
        try:
            answer_ref = await self._postman.deliver(request, answer, maybe_sent=maybe_sent)
        except Undeliverable as error:
            log.warning("answer_undeliverable", request_id=request.id, reason=str(error))
            final, refusal = RequestState.REFUSED, refusal or "The answer could not be delivered."
        await self._parts.requests.advance(request.id, final, answer_ref=answer_ref, refusal=refusal)
        self._note_end(request, final)

    def _note_end(self, request: FaceRequest, final: RequestState) -> None:
        wait_s = self._clock() - request.accepted_at
        self._parts.metrics.request_finished(request.origin.platform, final, wait_s)
        log.info("request_finished", request_id=request.id, state=final, wait_s=round(wait_s, 3))

    async def _answer(self, request: FaceRequest) -> Answer:
        if request.refusal:  # an earlier run got as far as these words
            return Refusal(request.refusal)
        if finished := await self._parts.pictures.load(request.id):
            return finished
        try:
            if request.accepted_at < self._clock() - self._settings.recover_max_age_s:
                raise errors.DeadlineExceeded
            return await self._draw(request)
        except FaceError as error:
            log.info("request_refused", request_id=request.id, error=type(error).__name__)
            return Refusal(words_for(error))
        except Exception:
            log.exception("request_failed", request_id=request.id)
            return Refusal(words_for(errors.GeneratorFailed()))

    async def _draw(self, request: FaceRequest) -> FacePicture:
        model_id = self._model_id(request.options.style)
        pictures = [await self._parts.fetcher.fetch(emote) for emote in request.emotes]
        job = await asyncio.to_thread(fitting_job, model_id, pictures, request.options, request.deadline_at)
        await self._parts.requests.advance(request.id, RequestState.QUEUED, key=job.key)
        self._changes.announce(request.id)
        result = await self._parts.admission.draw(request.id, request.origin, job)
        picture = await self._parts.pictures.save(request.id, result, self._clock())
        await self._parts.requests.advance(request.id, RequestState.READY)
        return picture
