"""Questions in messages: a mention of the bot, or the prefix where it is heard."""

from __future__ import annotations

import discord
import structlog
from discord.ext import commands

from bot.command import COMMAND, GUESS_COMMAND, asks_for_help, parse_command
from bot.discord.feature import Feature
from bot.discord.gathering import Asker, Gathering
from bot.discord.hearing import guild_id_of, is_said_by_person, origin_of
from bot.discord.helping import Helper
from bot.discord.intake import Intake, Question
from bot.discord.link import Link
from bot.discord.posting import Place
from bot.discord.prefix import Heard, Prefixes, after_mention, may_begin
from bot.discord.standing import standing_in_message
from bot.discord.targets import MessageTarget
from bot.discord.words import Words
from bot.errors import FaceError, StoreOutOfReach
from bot.outages import outages_worded
from bot.tasks import BoundedTasks
from bot.texts import SOURCE_LOCALE

log = structlog.get_logger(__name__)


class Asking(Feature):
    """Hears questions and hands them on; what is refused is answered here, in words."""

    def __init__(
        self,
        link: Link,
        tasks: BoundedTasks,
        words: Words,
        *,
        intake: Intake,
        gathering: Gathering,
        prefixes: Prefixes,
        helper: Helper,
    ) -> None:
        self._link = link
        self._tasks = tasks
        self._words = words
        self._intake = intake
        self._gathering = gathering
        self._prefixes = prefixes
        self._helper = helper

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Answer it beside, if a person wrote it and means the bot.

        Without the message-content intent the text of messages that do not mention the bot is empty.
        """
        own_id = self._link.own_id
        if own_id is None or not is_said_by_person(message):
            return
        asked = after_mention(message.content, own_id)
        if asked is not None and asked.casefold() == GUESS_COMMAND:
            return  # a game, not an emote
        if asked is not None or may_begin(message.content, COMMAND):
            self._tasks.start("answer_message", self._answer_message(message, asked), message_id=message.id)

    async def _answer_message(self, message: discord.Message, asked: str | None) -> None:
        """`asked` is what follows a mention."""
        place = Place(message.channel.id, guild_id_of(message), message.id)
        try:
            heard = await self._heard(message, asked)
        except StoreOutOfReach as error:  # without the settings nobody knows whether a prefix was meant
            if asked is not None:
                await self._intake.decline(place, error, SOURCE_LOCALE)
            return
        if heard is None:
            return
        standing = standing_in_message(message, heard.way, heard.here)
        if asks_for_help(heard.text):
            await self._words.reply(place, self._helper.words(heard.here, place.guild_id), standing.locale)
            return
        mentioned = {person.id: person for person in message.mentions}
        origin = origin_of(place.guild_id, place.channel_id, message.author.id)
        asker = Asker(origin, message.author, message.guild, mentioned)
        try:
            with outages_worded():
                await self._ask(message, Question(asker, standing, heard.here.face_options()), heard)
        except FaceError as error:
            await self._intake.decline(place, error, standing.locale)

    async def _heard(self, message: discord.Message, asked: str | None) -> Heard | None:
        with outages_worded():
            if asked is None:
                return await self._prefixes.heard(message, COMMAND)
            return await self._prefixes.mentioned(message, asked)

    async def _ask(self, message: discord.Message, question: Question, heard: Heard) -> None:
        command = parse_command(heard.text, question.defaults)
        gathered = await self._gathering.of_message(message, question.asker, command)
        in_thread = heard.here.answer_in_thread
        target = MessageTarget(message.channel.id, guild_id_of(message), message.id, in_thread=in_thread)
        await self._intake.take(question, target, gathered)
