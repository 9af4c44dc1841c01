"""An emoji that a server has chosen: reacting with it asks for the faces of a message."""

from __future__ import annotations

import asyncio
import re

import discord
import structlog
from discord.ext import commands

from bot.discord.feature import Feature
from bot.discord.gathering import Asker, Gathered, Gathering
from bot.discord.hearing import origin_of
from bot.discord.intake import Intake, Question
from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Place
from bot.discord.service import Faces
from bot.discord.standing import parent_of, standing_of_reactor
from bot.discord.targets import MessageTarget
from bot.emotes.unicode import visible
from bot.errors import FaceError
from bot.models import Platform
from bot.policy.policy import Policy
from bot.tasks import BoundedTasks

log = structlog.get_logger(__name__)


class Reacting(Feature):
    """Answers once per message and emoji, whoever reacts after the first. A refusal stays unsaid: it would be a message
    to somebody who has not asked."""

    def __init__(
        self,
        faces: Faces,
        policy: Policy,
        link: Link,
        tasks: BoundedTasks,
        pacing: Pacing,
        *,
        intake: Intake,
        gathering: Gathering,
    ) -> None:
        self._faces = faces
        self._policy = policy
        self._link = link
        self._tasks = tasks
        self._pacing = pacing
        self._intake = intake
        self._gathering = gathering
        self._asking: set[tuple[int, str]] = set()

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """Only servers can choose an emoji."""
        if reaction.member is not None and not reaction.member.bot:
            answer = self._answer(reaction, reaction.member)
            self._tasks.start("answer_reaction", answer, message_id=reaction.message_id)

    async def _answer(self, reaction: discord.RawReactionActionEvent, member: discord.Member) -> None:
        origin = origin_of(reaction.guild_id, reaction.channel_id, reaction.user_id)
        channel = member.guild.get_channel_or_thread(reaction.channel_id)
        here = await self._policy.effective(origin.scope_id, origin.channel_id, parent_of(channel))
        emoji = str(reaction.emoji)
        if here.reaction_emoji is None or not is_same_emoji(here.reaction_emoji, emoji):
            return
        once = (reaction.message_id, emoji)
        if once in self._asking:
            return
        self._asking.add(once)
        try:
            standing = standing_of_reactor(member, channel, here)
            question = Question(Asker(origin, member, member.guild), standing, here.face_options())
            target = MessageTarget(
                reaction.channel_id,
                reaction.guild_id,
                reaction.message_id,
                in_thread=here.answer_in_thread,
                reaction=emoji,
            )
            await self._ask(question, target)
        except FaceError as error:
            log.info("discord_reaction_refused", message_id=reaction.message_id, error=type(error).__name__)
        finally:
            self._asking.discard(once)

    async def _ask(self, question: Question, target: MessageTarget) -> None:
        """Nothing where there is nothing to see: without the message-content intent that is most messages."""
        earlier = await self._faces.asked_as(Platform.DISCORD, [str(target.message_id)])
        if any(request.reply_target.get("reaction") == target.reaction for request in earlier):
            return
        message = await self._message(target)
        if message is None:
            return
        shown = await self._gathering.allowed(question.asker, await self._gathering.shown_by(message))
        if len(shown):
            await self._intake.take(question, target, Gathered(question.command(*shown.words), shown.pictures))

    async def _message(self, target: MessageTarget) -> discord.Message | None:
        channel = Place(target.channel_id, target.guild_id).channel(self._link.client)
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                return await channel.fetch_message(target.message_id)
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_message_unseen", channel_id=target.channel_id, error=type(error).__name__)
            return None


def is_same_emoji(chosen: str, emoji: str) -> bool:
    """Whether the setting means this emoji: by the id of a custom one, whatever it is called now."""
    ids = [re.search(r"(\d{15,21})>?$", text) for text in (chosen, emoji)]
    if all(ids):
        return ids[0][1] == ids[1][1]  # type: ignore[index]
    return visible(chosen) == visible(emoji)
