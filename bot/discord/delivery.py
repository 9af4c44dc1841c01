"""Posts answers on Discord, each once, whatever happened before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import discord
import structlog

from bot.delivery import Answer, DeliveryDelayed, Refusal, Undeliverable
from bot.discord.answer_view import ShownFace, actions_for, filename_of
from bot.discord.client import FaceBot
from bot.discord.fallback import Fallback
from bot.discord.link import Link, NotConnected
from bot.discord.outbox import Outbox, Parcel
from bot.discord.pacing import Pacing
from bot.discord.posting import (
    DISCORD_FAILURES,
    Content,
    Place,
    edit,
    edit_original,
    find_own,
    may_pass,
    nonce_of,
    token_is_gone,
)
from bot.discord.progress import Sign, WorkingSigns, status_of
from bot.discord.reach import Reach
from bot.discord.targets import InteractionTarget, MessageTarget, Target, target_from_json
from bot.discord.threads import place_of
from bot.models import FaceRequest
from bot.replies import alt_text, caption
from bot.texts import say
from inference.protocol import Format

log = structlog.get_logger(__name__)


class DiscordDeliverer:
    """Implements `bot.delivery.Deliverer`.

    A message is answered by editing its status message, else by a reply with a nonce made of the request's id, or
    together with others of its channel; a slash command by editing its deferred response, which may be repeated freely,
    or once its token has ended by a plain message in the channel. What is not taken as it is becomes smaller, a link,
    or words.
    """

    def __init__(
        self,
        link: Link,
        signs: WorkingSigns,
        pacing: Pacing,
        *,
        outbox: Outbox,
        reach: Reach,
        fallback: Fallback,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._signs = signs
        self._pacing = pacing
        self._outbox = outbox
        self._reach = reach
        self._fallback = fallback
        self._clock = clock
        self._began_at = clock()

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`. After DeliveryDelayed the answer may have been posted: pass `maybe_sent`."""
        try:
            target = target_from_json(request.reply_target)
        except ValueError as error:
            raise Undeliverable("the reply target is unreadable") from error
        with as_delivery_errors():
            async with self._signs.silenced(request.id) as sign, asyncio.timeout(self._pacing.request_timeout_s):
                attempt = _Attempt(self._link.client, request, content_of(request, answer), maybe_sent)
                message_id = await self._bring(attempt, target, sign)
        log.info("discord_answer_posted", request_id=request.id, message_id=message_id)
        return str(message_id)

    async def _bring(self, attempt: _Attempt, target: Target, sign: Sign | None) -> int:
        while True:
            try:
                message_id = await self._answer(attempt, target, sign)
            except discord.HTTPException as error:
                if isinstance(error, discord.Forbidden):
                    await self._reach.refused(_asked_in(target))
                content = await self._fallback.instead_of(attempt.content, attempt.request, error)
                if content is None:
                    raise
                log.info("discord_answer_lessened", request_id=attempt.request.id, code=error.code)
                attempt = replace(attempt, content=content)
            else:
                if attempt.content.face is not None and isinstance(target, MessageTarget):
                    self._reach.worked(_asked_in(target))
                return message_id

    async def _answer(self, attempt: _Attempt, target: Target, sign: Sign | None) -> int:
        if isinstance(target, InteractionTarget):
            return await self._respond(attempt, target)
        self._refuse_if_paused(target)
        status = (sign.status if sign else None) or status_of(target)
        if status is not None:
            try:
                return (await edit(attempt.client, status.place, status.message_id, attempt.content)).id
            except discord.NotFound:  # deleted by hand, and its nonce with it
                attempt = replace(attempt, occasion="again")
        place = await place_of(attempt.client, target, attempt.request.locale)
        certain = sign is None or not sign.in_doubt
        return await self._post(attempt, place, target.message_id, certain=certain)

    async def _respond(self, attempt: _Attempt, target: InteractionTarget) -> int:
        if self._clock() < target.expires_at:
            try:
                return (await edit_original(attempt.client, target, attempt.content)).id
            except discord.HTTPException as error:
                if not token_is_gone(error):
                    raise
        if attempt.content.face is None or target.private or target.ends_at is not None:
            raise Undeliverable("the slash command's time is over")
        self._refuse_if_paused(target)
        place = Place(target.channel_id, target.guild_id)
        return await self._post(attempt, place, target.interaction_id, certain=True)

    async def _post(self, attempt: _Attempt, place: Place, asked_id: int, *, certain: bool) -> int:
        """As a message of its own or with others, unless the answer already stands there."""
        # a status line of an earlier run, whose id was lost with it, is as good as an answer: it becomes one
        is_old = attempt.maybe_sent or attempt.request.accepted_at < self._began_at
        earlier = await attempt.find(place, asked_id) if is_old else None
        if earlier is None:
            parcel = self._parcel(attempt, place, may_share=certain and not is_old)
            earlier = await self._outbox.post(attempt.client, parcel)
        return await attempt.made_right(place, earlier)

    def _parcel(self, attempt: _Attempt, place: Place, *, may_share: bool) -> Parcel:
        face = attempt.content.face
        may_share = may_share and face is not None and not face.spoiler
        return Parcel(place, attempt.content, attempt.nonce, attempt.request.origin.user_id, may_share)

    def _refuse_if_paused(self, target: Target) -> None:
        if self._reach.is_paused(target.channel_id):
            raise Undeliverable("Discord kept refusing answers in this channel")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try to bring one answer to a channel; `occasion` tells its nonce from one that is used up."""

    client: FaceBot
    request: FaceRequest
    content: Content
    maybe_sent: bool
    occasion: str = ""

    @property
    def nonce(self) -> str:
        return nonce_of(self.request.id, self.occasion)

    async def made_right(self, place: Place, message: discord.Message) -> int:
        """A status message whose id was lost in a crash comes back in place of the answer: make it the answer."""
        if not self.content.is_shown_by(message):
            await edit(self.client, place, message.id, self.content)
        return message.id

    async def find(self, place: Place, asked_id: int) -> discord.Message | None:
        """An own message after the question that is the answer or replies to the question."""

        def answers(message: discord.Message) -> bool:
            replied_to = message.reference.message_id if message.reference is not None else None
            return replied_to == asked_id or self.content.is_shown_by(message)

        return await find_own(self.client, place, asked_id, answers)


def content_of(request: FaceRequest, answer: Answer) -> Content:
    """What the answer shows."""
    if isinstance(answer, Refusal):
        return Content(answer.words)
    said = caption(request.emotes)
    face = ShownFace(
        answer.content,
        filename=filename_of(request.id, Format.of(answer.content)),
        alt_text=say(alt_text(request.emotes), request.locale),
        caption=None if said is None else say(said, request.locale),
        spoiler=request.reply_target.get("spoiler") is True,
        request_id=request.id,
        actions=actions_for(request),
        locale=request.locale,
    )
    return Content(face=face)


def _asked_in(target: Target) -> Place:
    return Place(target.channel_id, target.guild_id, target.message_id if isinstance(target, MessageTarget) else None)


@contextmanager
def as_delivery_errors() -> Iterator[None]:
    """What went wrong in the block, as the face service understands it."""
    try:
        yield
    except NotConnected as error:
        raise DeliveryDelayed("not connected to Discord") from error
    except DISCORD_FAILURES as error:
        kind = DeliveryDelayed if may_pass(error) else Undeliverable
        raise kind(type(error).__name__) from error
