"""`/emote-info` and `!emote-info`."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.command import INFO_COMMAND
from bot.discord.emote_answers import EmoteAnswers
from bot.discord.feature import Feature
from bot.discord.hearing import guild_id_of, is_said_by_person, origin_of
from bot.discord.posting import Place
from bot.discord.prefix import Prefixes, may_begin
from bot.discord.standing import standing_in_message
from bot.discord.words import Words
from bot.tasks import BoundedTasks


class EmoteCommands(Feature):
    """Hears the questions; `EmoteAnswers` answers them."""

    def __init__(self, answers: EmoteAnswers, words: Words, tasks: BoundedTasks, prefixes: Prefixes) -> None:
        self._answers = answers
        self._words = words
        self._tasks = tasks
        self._prefixes = prefixes

    @app_commands.command(name="emote-info", description="Where an emote is from, and where it was looked for")
    @app_commands.describe(emote="An emote's name, or the emote itself")
    async def emote_info(self, interaction: discord.Interaction, emote: str) -> None:
        """Everybody may ask."""
        self._tasks.start("answer_info", self._answers.answer(interaction, emote), interaction_id=interaction.id)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """The first word is what it is about; to nothing there is nothing to say."""
        if is_said_by_person(message) and may_begin(message.content, INFO_COMMAND):
            self._tasks.start("answer_info", self._explain(message), message_id=message.id)

    async def _explain(self, message: discord.Message) -> None:
        heard = await self._prefixes.heard(message, INFO_COMMAND)
        if heard is None or not heard.text:
            return
        place = Place(message.channel.id, guild_id_of(message), message.id)
        origin = origin_of(place.guild_id, place.channel_id, message.author.id)
        explained = await self._answers.explained(origin, place.guild_id, heard.text.split()[0])
        locale = standing_in_message(message, heard.way, heard.here).locale
        await self._words.reply(place, explained, locale)
