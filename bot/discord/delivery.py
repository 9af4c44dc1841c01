"""Posts answers on Discord, each once, whatever happened before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import discord
import structlog

from bot.delivery import Answer, DeliveryDelayed, Refusal, Undeliverable
from bot.discord.link import FaceClient, Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import (
    DISCORD_FAILURES,
    Content,
    Place,
    edit,
    edit_original,
    may_pass,
    nonce_of,
    post,
    token_is_gone,
)
from bot.discord.progress import WorkingSigns
from bot.discord.targets import InteractionTarget, Target, target_from_json
from bot.models import FaceRequest
from bot.replies import alt_text, caption
from inference.protocol import Format

log = structlog.get_logger(__name__)

_LOOK_BACK = 200  # messages after the question among which an earlier answer is looked for


class DiscordDeliverer:
    """Implements `bot.delivery.Deliverer`.

    A message is answered by editing its status message, else by a reply with a nonce made of the request's id; a slash
    command by editing its deferred response, which may be repeated freely, or once its token has ended by a plain
    message in the channel.
    """

    def __init__(
        self, link: Link, signs: WorkingSigns, pacing: Pacing, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._link = link
        self._signs = signs
        self._pacing = pacing
        self._clock = clock

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`. After DeliveryDelayed the answer may have been posted: pass `maybe_sent`."""
        content = _content_of(request, answer)
        try:
            target = target_from_json(request.reply_target)
        except ValueError as error:
            raise Undeliverable("the reply target is unreadable") from error
        with _as_delivery_errors():
            async with self._signs.silenced(request.id) as status_id, asyncio.timeout(self._pacing.request_timeout_s):
                attempt = _Attempt(self._link.client, request.id, content, maybe_sent)
                message_id = await self._answer(attempt, target, status_id)
        log.info("discord_answer_posted", request_id=request.id, message_id=message_id)
        return str(message_id)

    async def _answer(self, attempt: _Attempt, target: Target, status_id: int | None) -> int:
        if not isinstance(target, InteractionTarget):
            place = Place(target.channel_id, target.guild_id, target.message_id)
            return await attempt.reply(place, status_id or target.status_id)
        if self._clock() < target.expires_at:
            try:
                return (await edit_original(attempt.client, target, attempt.content)).id
            except discord.HTTPException as error:
                if not token_is_gone(error):
                    raise
        if attempt.content.picture is None:
            raise Undeliverable("the slash command's time is over")
        return await attempt.post_late(Place(target.channel_id, target.guild_id), target.interaction_id)


class _Attempt:
    """One try to bring one answer to a channel."""

    def __init__(self, client: FaceClient, request_id: str, content: Content, maybe_sent: bool) -> None:
        self.client = client
        self.content = content
        self._request_id = request_id
        self._maybe_sent = maybe_sent

    async def reply(self, place: Place, status_id: int | None) -> int:
        """Turn the status message into the answer, or post a reply to the question."""
        nonce = nonce_of(self._request_id)
        if status_id is not None:
            try:
                return (await edit(self.client, place, status_id, self.content)).id
            except discord.NotFound:  # deleted by hand, and its nonce with it
                nonce = nonce_of(self._request_id, "again")
        if self._maybe_sent and place.question_id is not None:
            earlier = await self._find(place, place.question_id)
            if earlier is not None:
                return await self._made_right(place, earlier)
        return await self._made_right(place, await post(self.client, place, self.content, nonce))

    async def post_late(self, place: Place, asked_id: int) -> int:
        """Post without a question to reply to, unless the answer already stands there."""
        earlier = await self._find(place, asked_id) if self._maybe_sent else None
        return (earlier or await post(self.client, place, self.content, nonce_of(self._request_id))).id

    async def _made_right(self, place: Place, message: discord.Message) -> int:
        """A status message whose id was lost in a crash comes back in place of the answer: make it the answer."""
        if not self.content.is_shown_by(message):
            await edit(self.client, place, message.id, self.content)
        return message.id

    async def _find(self, place: Place, asked_id: int) -> discord.Message | None:
        """An own message after the question that is the answer or replies to the question."""
        after = discord.Object(asked_id)
        try:
            async for message in place.channel(self.client).history(limit=_LOOK_BACK, after=after):
                replied_to = message.reference.message_id if message.reference is not None else None
                answers = replied_to == asked_id or self.content.is_shown_by(message)
                if answers and message.author == self.client.user:
                    return message
        except discord.Forbidden:  # not allowed to look: what is left is the nonce
            log.info("discord_history_forbidden", request_id=self._request_id)
        return None


def _content_of(request: FaceRequest, answer: Answer) -> Content:
    if isinstance(answer, Refusal):
        return Content(answer.words)
    name = f"face-{request.id}.{Format.of(answer.content)}"
    return Content(caption(request.emotes), answer.content, name, alt_text(request.emotes))


@contextmanager
def _as_delivery_errors() -> Iterator[None]:
    try:
        yield
    except NotConnected as error:
        raise DeliveryDelayed("not connected to Discord") from error
    except DISCORD_FAILURES as error:
        kind = DeliveryDelayed if may_pass(error) else Undeliverable
        raise kind(type(error).__name__) from error
