"""Says in chat that a face is there, and where; once at most. The face itself is on the stage by then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

import structlog

from bot.delivery import Answer, Refusal, Undeliverable
from bot.models import FaceRequest
from bot.replies import caption
from bot.stage.face import StagedFace, StageState
from bot.texts import Text, joined, say
from bot.twitch.merging import Parcel
from bot.twitch.outbox import Outbox
from bot.twitch.targets import ChatTarget
from bot.twitch.words import PENDING, POINTS_BACK, UNSEEN, plain, unmarked, with_link

log = structlog.get_logger(__name__)

Sight: TypeAlias = Callable[[str], Awaitable[Text | None]]
"""Whether the faces of a scope can be seen at some place now: then, in words, where."""


class KnowsStage(Protocol):
    """`bot.stage.stage.Stage`, which says what these do."""

    async def get(self, request_id: str) -> StagedFace | None: ...

    async def link(self, request_id: str) -> str | None: ...


class TwitchDeliverer:
    """Implements `bot.delivery.Deliverer`. Twitch has no key by which it would know a message again, so what may have
    been sent before a crash is not sent again; overlay, gallery and mirror have the face whatever chat does."""

    def __init__(self, outbox: Outbox, stage: KnowsStage, sights: Sequence[Sight]) -> None:
        """The first of the `sights` that says something is named."""
        self._outbox = outbox
        self._stage = stage
        self._sights = sights

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`. None also when nobody knows whether it was said."""
        try:
            target = ChatTarget.from_json(request.reply_target)
        except ValueError as error:
            raise Undeliverable("the reply target is unreadable") from error
        if self._outbox.may_have_said(request, maybe_sent=maybe_sent):
            log.warning("twitch_answer_maybe_said", request_id=request.id)
            return None
        staged = None if isinstance(answer, Refusal) else await self._stage.get(request.id)
        parcel = await self._parcel(request, answer, target, staged)
        outcome = await self._outbox.post(parcel)
        if outcome.problem is not None:
            log.warning("twitch_answer_not_said", request_id=request.id, problem=outcome.problem)
            if not outcome.uncertain and staged is None:
                raise Undeliverable(outcome.problem)
        return outcome.message_id

    async def _parcel(
        self, request: FaceRequest, answer: Answer, target: ChatTarget, staged: StagedFace | None
    ) -> Parcel:
        linked = None
        if isinstance(answer, Refusal):
            words = unmarked(answer.words)
            if "redemption_id" in request.reply_target:
                words = f"{words} {say(POINTS_BACK, request.locale)}"
        else:
            where = await self._where(request, staged)
            link = await self._stage.link(request.id)
            words = plain(where, request.locale)
            linked = plain(with_link(where, link), request.locale) if link else None
        return Parcel(request.id, target.broadcaster_id, words, target.asker_name, target.message_id, linked)

    async def _where(self, request: FaceRequest, staged: StagedFace | None) -> Text:
        where = PENDING
        if staged is None or staged.state is not StageState.PENDING:
            where = await self._sight(request.origin.scope_id) or UNSEEN
        said = caption(request.emotes)
        return where if said is None else joined([where, said])

    async def _sight(self, scope_id: str) -> Text | None:
        for sight in self._sights:
            if (where := await sight(scope_id)) is not None:
                return where
        return None
