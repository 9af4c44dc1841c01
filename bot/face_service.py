"""The use case, whatever the platform: resolve → caps → commit → fetch → admit → draw → deliver.

Accepted means committed: from then on a request is carried to its answer by its own task, and by `recover` after a
restart. The task never outlives a final state, and a final state never changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import structlog
from ulid import ULID

from bot import errors
from bot.answering import Answering
from bot.carrying import Carrying, in_time
from bot.command import FaceCommand
from bot.delivery import Deliverer, Postman
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.resolver import MAX_EMOTES
from bot.errors import FaceError
from bot.events import Changes
from bot.face_parts import FaceServiceParts
from bot.models import (
    ANYBODY,
    Emote,
    FacePicture,
    FaceRequest,
    Origin,
    Place,
    Platform,
    Progress,
    RequestState,
    Standing,
)
from bot.outages import outages_worded
from bot.policy.limits import Limits
from bot.store.outage import is_outage
from config.settings import RequestsSettings
from inference.protocol import FaceOptions, Style

log = structlog.get_logger(__name__)

Work: TypeAlias = Callable[[FaceRequest], Awaitable[None]]
REFRESH_S = 1.0  # how often a waiting asker hears a new position


class FaceService:
    """One per process. Use it inside `async with service.running():`."""

    def __init__(
        self,
        parts: FaceServiceParts,
        settings: RequestsSettings,
        *,
        model_ids: Mapping[Style, str],
        owns: Callable[[Origin], bool] = lambda origin: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """What others left unfinished is taken up where it `owns` the origin; other processes have the rest."""
        self._parts = parts
        self._settings = settings
        self._owns = owns
        self._clock = clock
        self._changes = Changes()
        self._answering = Answering(parts, settings, model_ids, changes=self._changes, clock=clock)
        self._postman = Postman(parts.metrics, give_up_after_s=settings.recover_max_age_s)
        self._carrying = Carrying(parts, self._answering, self._postman, self._changes, clock=clock)
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

    @property
    def styles(self) -> tuple[Style, ...]:
        """Those that can be drawn."""
        return self._answering.styles

    async def defaults(
        self, scope_id: str, channel_id: str | None = None, parent_channel_id: str | None = None
    ) -> FaceOptions:
        """The options a command starts from in this place; a thread belongs to its parent."""
        return (await self._parts.policy.effective(scope_id, channel_id, parent_channel_id)).face_options()

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue = EMPTY,
        standing: Standing = ANYBODY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        """Accept a request: when this returns it is committed and will be answered through the platform's deliverer.

        `nearby` are emotes that only this chat has. Without words and uploads, one of the chat's favourites is drawn.
        Raise a FaceError when it is not accepted; the front end words it (`replies.words_for`) and answers itself.
        """
        try:
            with outages_worded():
                if len(self._serving) >= self._settings.max_outstanding:
                    raise errors.Busy(self._parts.admission.retry_after_s())
                permit = await self._parts.policy.check(origin, standing, self._parts.admission.retry_after_s())
                emotes = await self._acceptable(origin, command, uploads, nearby)
                now = self._clock()
                request = FaceRequest(
                    id=str(ULID.from_timestamp(now)),
                    origin=origin,
                    emotes=emotes,
                    options=command.options,
                    accepted_at=now,
                    deadline_at=now + self._settings.deadline_s,
                    locale=standing.locale,
                    cost=command.options.cost_of(len(emotes)),
                    reply_target=reply_target or {},
                    keep_s=permit.here.auto_delete_s,
                    parent_channel_id=standing.parent_channel_id,
                )
                request = replace(request, deadline_at=in_time(request, request.deadline_at))
                await self._add(request, permit.limits)
        except FaceError as error:
            self._parts.metrics.request_refused(origin.platform, error.code)
            raise
        self._parts.resolver.note_use(origin, emotes)
        log.info("request_accepted", request_id=request.id, platform=origin.platform, emotes=len(emotes))
        self._start(request)
        return request

    async def recover(self) -> int:
        """Take up what an earlier run of the program accepted and did not finish; return how many.

        What came over a platform that is off now is left for a start with it.
        """
        ours = [r for r in await self._parts.requests.unfinished() if self._owns(r.origin)]
        unfinished = [r for r in ours if r.id not in self._serving]
        deliverable = [request for request in unfinished if self._postman.serves(request.origin.platform)]
        for request in deliverable:
            deadline_at = in_time(request, self._clock() + self._settings.deadline_s)
            self._start(replace(request, deadline_at=deadline_at))
        if left := len(unfinished) - len(deliverable):
            log.warning("requests_left_for_their_platform", count=left)
        return len(deliverable)

    def newcomers_wait_s(self) -> float:
        """How long a face would take that is asked for now: an estimate."""
        return self._parts.admission.backlog_s()

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """Replace the stored reply target, e.g. once a status message exists that the answer should be edited into."""
        await self._parts.requests.set_reply_target(request_id, reply_target)
        if request_id in self._serving:
            self._postman.redirect(request_id, reply_target)

    async def progress(self, request_id: str) -> Progress | None:
        """Where it stands now; None for an unknown id."""
        request = await self._parts.requests.get(request_id)
        if request is None:
            return None
        place = self._parts.admission.place(request_id)
        if request.state is RequestState.ACCEPTED:
            place = place or self._parts.admission.newcomers_place(request.origin, request.cost)
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
        self._carrying.note_end(request, RequestState.CANCELLED)
        return True

    async def answered_as(self, platform: Platform, answer_ref: str) -> list[FaceRequest]:
        """The requests whose answer the platform calls this: several where faces share a message, none when it is not
        known (any more)."""
        return await self._parts.requests.answered_as(platform, answer_ref)

    async def asked_as(self, platform: Platform, question_refs: Collection[str]) -> list[FaceRequest]:
        """The requests that these messages made, in whatever state they are."""
        return await self._parts.requests.asked_as(platform, question_refs)

    async def asked_in(self, place: Place, since: float, user_id: str | None = None) -> list[FaceRequest]:
        """What was asked there since this Unix time, by this person or by anybody, in whatever state; see
        `RequestStore.asked_in`."""
        return await self._parts.requests.asked_in(place, since, user_id)

    async def to_remove(self, platform: Platform, limit: int) -> list[FaceRequest]:
        """Answers that have been shown for as long as they should be."""
        return await self._parts.requests.to_remove(platform, self._clock(), limit)

    async def forget_answer(self, request_id: str) -> None:
        """The answer is no longer there, whoever took it away; nor is its picture."""
        await self._parts.requests.forget_answer(request_id)
        await self._parts.stage.withdraw([request_id])
        await self._parts.pictures.delete([request_id])

    async def purge(self, place: Place, since: float) -> int:
        """Of all that was asked there from this Unix time on: the pictures are gone when this returns, what waits is
        called off, and the answers are due to be removed by the platform's side. Return how many these are."""
        keys = await self._parts.requests.in_place(place, since)
        for request_id, key in keys.items():
            if request_id in self._serving:
                await self.cancel(request_id)
            if key is not None:
                self._parts.admission.forget(key)
        await self._parts.stage.withdraw(list(keys))
        await self._parts.pictures.delete(list(keys))
        answers = await self._parts.requests.remove_in(place, since, self._clock())
        log.info("place_purged", scope_id=place.scope_id, requests=len(keys), answers=answers)
        return answers

    async def to_purge(self, place: Place) -> int:
        """How many answers there are still to be removed."""
        return await self._parts.requests.overdue_in(place, self._clock())

    async def request(self, request_id: str) -> FaceRequest | None:
        """The stored request; None for an unknown id."""
        return await self._parts.requests.get(request_id)

    async def unfinished_of(self, platform: Platform, user_id: str) -> list[FaceRequest]:
        """What this person is waiting for."""
        return await self._parts.requests.unfinished_of(platform, user_id)

    async def picture(self, picture_id: str) -> FacePicture | None:
        """A stored face; a request's picture has the request's id."""
        return await self._parts.pictures.load(picture_id)

    async def block(self, emotes: Iterable[Emote], scope_id: str, by_user_id: str) -> None:
        """As `Answering.block`."""
        await self._answering.block(emotes, scope_id, by_user_id)

    async def _acceptable(
        self, origin: Origin, command: FaceCommand, uploads: tuple[Emote, ...], nearby: Catalogue
    ) -> tuple[Emote, ...]:
        emotes = uploads
        if command.words or not uploads:
            emotes += await self._parts.resolver.resolve(origin, command.words, nearby)
        if len(emotes) > MAX_EMOTES:
            raise errors.TooManyEmotes(MAX_EMOTES)
        self._answering.model_id(command.options.style)
        await self._parts.policy.blocking.check_emotes(origin, emotes)
        return emotes

    async def _add(self, request: FaceRequest, limits: Limits) -> None:
        """What fails over its commit may be committed."""
        try:
            await self._parts.requests.add(request, limits)
        except Exception as error:
            if is_outage(error):
                self._start(request, self._carrying.call_off)
            raise

    def _start(self, request: FaceRequest, work: Work | None = None) -> None:
        """Serve an accepted request. Before `running` and while it ends, the row is all that is needed: `recover` takes
        it up, here or after the next start; it may also have been faster than the asking."""
        if self._tasks is None or self._draining or request.id in self._serving:
            return
        task = self._tasks.create_task(self._serve(request, work or self._carrying.carry), name=f"request {request.id}")
        self._serving[request.id] = task

    async def _serve(self, request: FaceRequest, work: Work) -> None:
        try:
            await work(request)
        except Exception:
            log.exception("request_left_unfinished", request_id=request.id)
        finally:
            self._serving.pop(request.id, None)
            self._postman.forget(request.id)
            self._changes.announce(request.id)
