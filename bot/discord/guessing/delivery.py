"""Brings a drawn face into the channel as a riddle, once, whatever happened before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

import discord
import structlog

from bot.delivery import Answer, Deliverer, Refusal, Undeliverable
from bot.discord.delivery import as_delivery_errors
from bot.discord.guessing.riddle import Riddle
from bot.discord.link import Link
from bot.discord.pacing import Pacing
from bot.discord.posting import Place, edit_original, find_own, nonce_of, post, token_is_gone
from bot.discord.targets import InteractionTarget, MessageTarget
from bot.guessing.game import Game
from bot.guessing.half import face_of_pair
from bot.guessing.round import GuessRound, RoundState
from bot.models import FaceRequest

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GuessTarget:
    """Where a round was asked for: by a message, or by a command or button whose deferred response is shown."""

    KIND: ClassVar = "guess"

    round_id: str
    channel_id: int
    guild_id: int | None
    question_id: int | None = None
    interaction_id: int | None = None
    application_id: int | None = None
    token: str | None = field(default=None, repr=False)
    expires_at: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.KIND, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse; raise ValueError for anything else."""
        try:
            return cls(**{name: value for name, value in values.items() if name != "kind"})
        except TypeError as error:
            raise ValueError("not a round on Discord") from error

    @property
    def place(self) -> Place:
        return Place(self.channel_id, self.guild_id, self.question_id)

    @property
    def response(self) -> InteractionTarget | None:
        """The deferred response, if the round was asked for by one and its token is still stored."""
        if not (self.interaction_id and self.application_id and self.token and self.expires_at):
            return None
        return InteractionTarget(
            self.channel_id, self.guild_id, self.interaction_id, self.application_id, self.token, self.expires_at
        )

    @property
    def asked(self) -> InteractionTarget | MessageTarget:
        """As for an ordinary answer."""
        return self.response or MessageTarget(self.channel_id, self.guild_id, self.question_id or 0)


class RiddleDeliverer:
    """Implements `bot.delivery.Deliverer` for both kinds of requests: faces to be guessed, and all `others`.

    A riddle is never made smaller, merged with other faces or replaced by a link: each would tell what it is.
    """

    def __init__(
        self,
        others: Deliverer,
        game: Game,
        opened: Callable[[GuessRound], None],
        link: Link,
        pacing: Pacing,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._others = others
        self._game = game
        self._opened = opened
        self._link = link
        self._pacing = pacing
        self._clock = clock

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`."""
        if request.reply_target.get("kind") != GuessTarget.KIND:
            return await self._others.deliver(request, answer, maybe_sent=maybe_sent)
        try:
            target = GuessTarget.from_json(request.reply_target)
        except ValueError as error:
            raise Undeliverable("the reply target is unreadable") from error
        if isinstance(answer, Refusal):
            await self._game.dropped(target.round_id)
            in_words = replace(request, reply_target=target.asked.to_json())
            return await self._others.deliver(in_words, answer, maybe_sent=maybe_sent)
        round_ = await self._game.round(target.round_id)
        if round_ is None or round_.state is not RoundState.DRAWING:  # posted already, or given up
            return None if round_ is None else round_.message_ref
        face = await asyncio.to_thread(face_of_pair, answer.content)
        message_id = await self._post(target, Riddle.asked(round_, face, self._game.round_s), maybe_sent=maybe_sent)
        log.info("discord_riddle_posted", request_id=request.id, message_id=message_id)
        if opened := await self._game.opened(round_.id, str(message_id)):
            self._opened(opened)
        return str(message_id)

    async def _post(self, target: GuessTarget, riddle: Riddle, *, maybe_sent: bool) -> int:
        with as_delivery_errors():
            async with asyncio.timeout(self._pacing.request_timeout_s):
                client = self._link.client
                if target.response is not None and self._clock() < target.response.expires_at:
                    try:
                        return (await edit_original(client, target.response, riddle)).id
                    except discord.HTTPException as error:
                        if not token_is_gone(error):
                            raise
                asked_id = target.question_id or target.interaction_id or 0
                earlier = await find_own(client, target.place, asked_id, riddle.is_shown_by) if maybe_sent else None
                return (earlier or await post(client, target.place, riddle, nonce_of(target.round_id))).id
