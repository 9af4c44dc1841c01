"""Brings faces that were asked for as emoji into their server, and everything else to who posts it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import discord
import structlog

from bot.delivery import Answer, Deliverer, DeliveryDelayed, Refusal, Undeliverable
from bot.discord.buttons.emoji import BOT_MAY_NOT, SLOTS_FULL, emoji_file
from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, edit_original, may_pass, token_is_gone
from bot.discord.progress import WorkingSigns
from bot.discord.targets import InteractionTarget, target_from_json
from bot.models import FacePicture, FaceRequest
from bot.texts import Text, say

log = structlog.get_logger(__name__)

_FULL = {30008, 30018}  # still and moving ones


class EmojiDeliverer:
    """Implements `bot.delivery.Deliverer`; what is no emoji is for `others`."""

    def __init__(
        self,
        others: Deliverer,
        link: Link,
        signs: WorkingSigns,
        pacing: Pacing,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._others = others
        self._link = link
        self._signs = signs
        self._pacing = pacing
        self._clock = clock

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """See `Deliverer.deliver`."""
        if not request.reply_target.get("emoji"):
            return await self._others.deliver(request, answer, maybe_sent=maybe_sent)
        target = _target_in(request)
        try:
            async with self._signs.silenced(request.id), asyncio.timeout(self._pacing.request_timeout_s):
                words = await self._outcome(target, request.locale, answer, maybe_sent=maybe_sent)
                await self._tell(target, words)
        except NotConnected as error:
            raise DeliveryDelayed("not connected to Discord") from error
        except DISCORD_FAILURES as error:
            raise (DeliveryDelayed if may_pass(error) else Undeliverable)(type(error).__name__) from error
        log.info("discord_emoji_delivered", request_id=request.id)
        return None

    async def _outcome(self, target: InteractionTarget, locale: str, answer: Answer, *, maybe_sent: bool) -> str:
        """The words about it, once the emoji is made or will never be."""
        if isinstance(answer, Refusal):
            return answer.words
        guild = self._link.client.get_guild(target.guild_id or 0)
        if guild is None:
            return say(Text("I'm no longer a member of this server."), locale)
        name = target.emoji or ""
        try:
            emoji = await self._earlier(guild, name) if maybe_sent else None
            emoji = emoji or await _create(guild, name, answer)
        except discord.HTTPException as error:
            if may_pass(error):
                raise
            return say(_words_for(error), locale)
        return say(Text("Here it is: {emoji}", {"emoji": str(emoji)}), locale)

    async def _earlier(self, guild: discord.Guild, name: str) -> discord.Emoji | None:
        """What an earlier try has made."""
        own_id = self._link.own_id
        emoji = await guild.fetch_emojis()
        return next((each for each in emoji if each.name == name and each.user and each.user.id == own_id), None)

    async def _tell(self, target: InteractionTarget, words: str) -> None:
        """As long as there is a way to whoever asked; the emoji is there all the same."""
        if self._clock() >= target.expires_at:
            return
        try:
            await edit_original(self._link.client, target, Content(words))
        except discord.HTTPException as error:
            if not token_is_gone(error):
                raise


async def _create(guild: discord.Guild, name: str, picture: FacePicture) -> discord.Emoji:
    file = await asyncio.to_thread(emoji_file, picture.content)
    return await guild.create_custom_emoji(name=name, image=file)


def _words_for(error: discord.HTTPException) -> Text:
    if error.code in _FULL:
        return SLOTS_FULL
    if isinstance(error, discord.Forbidden):
        return BOT_MAY_NOT
    log.warning("discord_emoji_refused", code=error.code)
    return Text("Discord does not take this face as an emoji.")


def _target_in(request: FaceRequest) -> InteractionTarget:
    try:
        target = target_from_json(request.reply_target)
    except ValueError as error:
        raise Undeliverable("the reply target is unreadable") from error
    if not isinstance(target, InteractionTarget):
        raise Undeliverable("not the response to a form")
    return target
