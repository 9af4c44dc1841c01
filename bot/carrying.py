"""Carries one accepted request to its answer: draw → present → send."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from bot.answering import Answering
from bot.delivery import Answer, Postman, Refusal, Undeliverable
from bot.events import Changes
from bot.face_parts import FaceServiceParts
from bot.models import FacePicture, FaceRequest, RequestState
from bot.store.outage import through_outages
from bot.texts import Text, say

log = structlog.get_logger(__name__)

DELIVERY_S = 30.0  # of the time in which somebody can be answered at all, what is kept for the answering
UNDELIVERED = Text("The answer could not be delivered.")


class Carrying:
    """As many requests at a time as there are callers."""

    def __init__(
        self,
        parts: FaceServiceParts,
        answering: Answering,
        postman: Postman,
        changes: Changes,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._parts = parts
        self._answering = answering
        self._postman = postman
        self._changes = changes
        self._clock = clock

    async def carry(self, request: FaceRequest) -> None:
        """To a final state, wherever it stands; when the store fails over it, from there on once it works again."""
        await through_outages(partial(self._carry, request), partial(self._carry_on, request.id), request_id=request.id)

    async def call_off(self, request: FaceRequest) -> None:
        """Nobody was told that it is accepted; should it be stored all the same, it is cancelled."""

        async def cancel() -> None:
            await self._parts.requests.advance(request.id, RequestState.CANCELLED)

        await through_outages(cancel, cancel, request_id=request.id)

    async def _carry_on(self, request_id: str) -> None:
        request = await self._parts.requests.get(request_id)
        if request is not None and not request.state.is_final:
            await self._carry(request)

    async def _carry(self, request: FaceRequest) -> None:
        maybe_sent = request.state is RequestState.SENDING
        answer = await self._answering.answer(request)
        refusal = answer.words if isinstance(answer, Refusal) else None
        if not await self._parts.requests.advance(request.id, RequestState.SENDING, refusal=refusal):
            return  # cancelled meanwhile
        self._changes.announce(request.id)
        if not isinstance(answer, Refusal):
            await self._present(request, answer)
        await self._send(request, answer, maybe_sent=maybe_sent)

    def note_end(self, request: FaceRequest, final: RequestState) -> None:
        """It is over."""
        wait_s = self._clock() - request.accepted_at
        self._parts.metrics.request_finished(request.origin.platform, final, wait_s)
        log.info("request_finished", request_id=request.id, state=final, wait_s=round(wait_s, 3))

    async def _present(self, request: FaceRequest, picture: FacePicture) -> None:
        """The asker gets the answer whatever happens on the stage."""
        try:
            await self._parts.stage.present(request, picture)
        except Exception:
            log.exception("face_not_presented", request_id=request.id)

    async def _send(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> None:
        refusal = answer.words if isinstance(answer, Refusal) else None
        final = RequestState.REFUSED if refusal else RequestState.ANSWERED
        answer_ref = None
        try:
            answer_ref = await self._postman.deliver(request, answer, maybe_sent=maybe_sent)
        except Undeliverable as error:
            log.warning("answer_undeliverable", request_id=request.id, reason=str(error))
            final, refusal = RequestState.REFUSED, refusal or say(UNDELIVERED, request.locale)
        if request.keep_s is not None:
            await self._parts.requests.keep_until(request.id, self._clock() + request.keep_s)
        await self._parts.requests.advance(request.id, final, answer_ref=answer_ref, refusal=refusal)
        self.note_end(request, final)


def in_time(request: FaceRequest, deadline_at: float) -> float:
    """The deadline, but early enough where the way to the asker ends."""
    return deadline_at if request.ends_at is None else min(deadline_at, request.ends_at - DELIVERY_S)
