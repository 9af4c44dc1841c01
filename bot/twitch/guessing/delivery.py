"""Says that a face is to be guessed. The face itself is on the overlay from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from bot.delivery import Answer, Deliverer, Refusal
from bot.guessing.game import Game
from bot.guessing.round import GuessRound, RoundState
from bot.guessing.words import invitation
from bot.models import FaceRequest
from bot.twitch.merging import Parcel
from bot.twitch.outbox import Outbox
from bot.twitch.targets import ChatTarget
from bot.twitch.words import plain

log = structlog.get_logger(__name__)

ROUND = "round_id"  # in a reply target: this face is to be guessed


def guess_target(target: ChatTarget, round_id: str) -> dict[str, Any]:
    """As a request keeps it."""
    return {**target.to_json(), ROUND: round_id}


class RiddleDeliverer:
    """Implements `bot.delivery.Deliverer` for both kinds of requests: faces to be guessed, and all `others`."""

    def __init__(self, others: Deliverer, game: Game, opened: Callable[[GuessRound], None], outbox: Outbox) -> None:
        self._others = others
        self._game = game
        self._opened = opened
        self._outbox = outbox

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`. The round begins also where chat was not told: who sees the face may guess."""
        round_id = request.reply_target.get(ROUND)
        if not isinstance(round_id, str):
            return await self._others.deliver(request, answer, maybe_sent=maybe_sent)
        if isinstance(answer, Refusal):
            await self._game.dropped(round_id)
            return await self._others.deliver(request, answer, maybe_sent=maybe_sent)
        round_ = await self._game.round(round_id)
        if round_ is None or round_.state is not RoundState.DRAWING:
            return None
        message_id = None
        if not self._outbox.may_have_said(request, maybe_sent=maybe_sent):
            message_id = await self._invite(request)
        if opened := await self._game.opened(round_id, message_id or ""):
            self._opened(opened)
        return message_id

    async def _invite(self, request: FaceRequest) -> str | None:
        words = plain(invitation(self._game.round_s), request.locale)
        outcome = await self._outbox.post(Parcel(request.id, request.origin.channel_id, words))
        if outcome.problem is not None:
            log.warning("twitch_riddle_not_said", request_id=request.id, problem=outcome.problem)
        return outcome.message_id
