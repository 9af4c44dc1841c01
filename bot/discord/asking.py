"""From what people say on Discord to accepted requests."""

from __future__ import annotations

import asyncio
import re

import discord
import structlog

from bot.command import INFO_COMMAND, parse_command, strip_prefix
from bot.discord.commands import SlashQuestion
from bot.discord.emote_answers import EmoteAnswers
from bot.discord.emote_commands import EmoteQuestion
from bot.discord.gathering import Asker, Gathered, Gathering
from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, delete, nonce_of, post
from bot.discord.progress import Sign, WorkingSigns
from bot.discord.service import Faces
from bot.discord.targets import InteractionTarget, MessageTarget, Target
from bot.discord.tasks import BoundedTasks
from bot.errors import FaceError
from bot.models import FaceRequest, Origin, Platform
from bot.replies import words_for

log = structlog.get_logger(__name__)

_SAID_BY_PEOPLE = {discord.MessageType.default, discord.MessageType.reply}


def question_in(text: str, bot_id: int, prefix: str) -> str | None:
    """What follows `!face` or a leading mention of the bot; None when the bot is not asked.

    A mention elsewhere is talk about the bot. Without the message-content intent the text of other messages is empty.
    """
    asked = strip_prefix(text, prefix)
    if asked is not None:
        return asked
    mentioned = re.match(rf"\s*<@!?{bot_id}>(.*)", text, re.DOTALL)
    if mentioned is None:
        return None
    rest = mentioned[1].strip()
    spelled_out = strip_prefix(rest, prefix)  # "@bot !face 😂", out of habit
    return rest if spelled_out is None else spelled_out


class Asking:
    """Hears questions and hands them to the face service; what is refused is answered here, in words."""

    def __init__(
        self,
        service: Faces,
        link: Link,
        tasks: BoundedTasks,
        signs: WorkingSigns,
        answers: EmoteAnswers,
        *,
        gathering: Gathering,
        prefix: str,
        pacing: Pacing,
    ) -> None:
        self._service = service
        self._link = link
        self._tasks = tasks
        self._signs = signs
        self._answers = answers
        self._gathering = gathering
        self._prefix = prefix
        self._pacing = pacing

    def message(self, client: discord.Client, message: discord.Message) -> None:
        """Answer it beside, if a person wrote it and means the bot."""
        if client.user is None or message.author.bot or message.webhook_id or message.type not in _SAID_BY_PEOPLE:
            return
        question = question_in(message.content, client.user.id, self._prefix)
        if question is not None:
            self._tasks.start("answer_message", self._answer_message(message, question), message_id=message.id)
        elif (word := strip_prefix(message.content, self._prefix, INFO_COMMAND)) is not None:
            self._tasks.start("answer_info", self._explain(message, word), message_id=message.id)

    def slash(self, interaction: discord.Interaction, question: SlashQuestion) -> None:
        """Answer it beside."""
        self._tasks.start("answer_slash", self._answer_slash(interaction, question), interaction_id=interaction.id)

    def emotes(self, interaction: discord.Interaction, question: EmoteQuestion) -> None:
        """Answer it beside."""
        origin = _origin(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
        answer = self._answers.answer(interaction, question, origin)
        self._tasks.start("answer_emotes", answer, interaction_id=interaction.id)

    def deleted(self, message_ids: set[int]) -> None:
        """Questions taken back are not worked on any longer."""
        for sign in self._signs.asked_by(message_ids):
            self._tasks.start("withdraw", self._withdraw(sign), request_id=sign.request_id)

    async def _answer_message(self, message: discord.Message, question: str) -> None:
        target = MessageTarget(message.channel.id, _guild_id(message), message.id)
        origin = _origin(target.guild_id, target.channel_id, message.author.id)
        try:
            command = parse_command(question, await self._service.defaults(origin.scope_id))
            mentioned = {person.id: person for person in message.mentions}
            asker = Asker(origin, message.author, message.guild, mentioned)
            request = await self._ask(target, asker, await self._gathering.of_message(message, asker, command))
        except FaceError as error:
            place = Place(target.channel_id, target.guild_id, target.message_id)
            await self._say(place, words_for(error))
            return
        self._signs.start(request.id, target)

    async def _answer_slash(self, interaction: discord.Interaction, question: SlashQuestion) -> None:
        if not await self._defer(interaction):
            return
        target = InteractionTarget(
            channel_id=interaction.channel_id or 0,
            guild_id=interaction.guild_id,
            interaction_id=interaction.id,
            application_id=interaction.application_id,
            token=interaction.token,
            expires_at=interaction.expires_at.timestamp(),
        )
        origin = _origin(target.guild_id, target.channel_id, interaction.user.id)
        try:
            command = question.command(await self._service.defaults(origin.scope_id))
            asker = Asker(origin, interaction.user, interaction.guild)
            request = await self._ask(target, asker, await self._gathering.of_slash(question, asker, command))
        except FaceError as error:
            await self._whisper(interaction, words_for(error))
            return
        self._signs.start(request.id, target)

    async def _ask(self, target: Target, asker: Asker, gathered: Gathered) -> FaceRequest:
        return await self._service.ask(
            asker.origin,
            gathered.command,
            uploads=gathered.pictures,
            nearby=self._link.emoji_of(target.guild_id),
            reply_target=target.to_json(),
        )

    async def _explain(self, message: discord.Message, asked: str) -> None:
        """The first word; to nothing there is nothing to say."""
        place = Place(message.channel.id, _guild_id(message), message.id)
        if words := asked.split():
            origin = _origin(place.guild_id, place.channel_id, message.author.id)
            await self._say(place, await self._answers.explained(origin, place.guild_id, words[0]))

    async def _defer(self, interaction: discord.Interaction) -> bool:
        """Before anything else: Discord waits 3 s."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await interaction.response.defer(thinking=True)
        except DISCORD_FAILURES as error:
            log.info("discord_interaction_lost", interaction_id=interaction.id, error=type(error).__name__)
            return False
        return True

    async def _say(self, place: Place, words: str) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await post(self._link.client, place, Content(words), nonce_of(f"refused {place.question_id}"))
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_words_lost", channel_id=place.channel_id, error=type(error).__name__)

    async def _whisper(self, interaction: discord.Interaction, words: str) -> None:
        """Only the asker sees it: a refusal is nobody else's business."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                # the first follow-up would take the public "… is thinking" as its place, so that goes first
                await interaction.delete_original_response()
                await interaction.followup.send(words, ephemeral=True)
        except DISCORD_FAILURES as error:
            log.info("discord_words_lost", interaction_id=interaction.id, error=type(error).__name__)

    async def _withdraw(self, sign: Sign) -> None:
        if not await self._service.cancel(sign.request_id):
            return  # the answer is on its way; it is posted without the question
        async with self._signs.silenced(sign.request_id):
            if sign.status_id is not None and isinstance(sign.target, MessageTarget):
                place = Place(sign.target.channel_id, sign.target.guild_id)
                async with asyncio.timeout(self._pacing.request_timeout_s):
                    await delete(self._link.client, place, sign.status_id)
        log.info("discord_question_withdrawn", request_id=sign.request_id)


def _guild_id(message: discord.Message) -> int | None:
    if message.guild is not None:
        return message.guild.id
    return message.channel.guild_id if isinstance(message.channel, discord.PartialMessageable) else None


def _origin(guild_id: int | None, channel_id: int, user_id: int) -> Origin:
    """A server is one scope; each direct conversation is its own."""
    scope_id = f"dm:{channel_id}" if guild_id is None else str(guild_id)
    return Origin(Platform.DISCORD, scope_id, str(channel_id), str(user_id))
