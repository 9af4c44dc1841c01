"""`/guess`, `!guess` and "@bot guess", and who says the right name."""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.command import GUESS_COMMAND
from bot.discord import locales
from bot.discord.feature import Feature, used
from bot.discord.guessing.delivery import GuessTarget
from bot.discord.guessing.riddle import ANOTHER_ROUND, GUESS, NAMED, name_form, name_in
from bot.discord.hearing import guild_id_of, is_said_by_person, origin_of
from bot.discord.intake import Intake
from bot.discord.link import Link
from bot.discord.posting import Place
from bot.discord.prefix import Prefixes, after_mention, may_begin
from bot.discord.reach import Reach
from bot.discord.standing import standing_in_message
from bot.discord.words import Words
from bot.errors import FaceError
from bot.guessing.game import Game
from bot.guessing.words import OVER, RIGHT, WRONG
from bot.models import Platform, Way
from bot.policy.settings import EffectiveSettings
from bot.replies import words_for
from bot.tasks import BoundedTasks

log = structlog.get_logger(__name__)


class Guessing(Feature):
    """Starts rounds and hears guesses; the rounds themselves are played beside (`Rounds`)."""

    def __init__(
        self,
        game: Game,
        link: Link,
        tasks: BoundedTasks,
        words: Words,
        *,
        intake: Intake,
        prefixes: Prefixes,
        reach: Reach,
    ) -> None:
        self._game = game
        self._link = link
        self._tasks = tasks
        self._words = words
        self._intake = intake
        self._prefixes = prefixes
        self._reach = reach

    @app_commands.command(name=GUESS_COMMAND, description="A face is shown, and whoever names its emote first wins")
    @app_commands.guild_only()
    async def guess(self, interaction: discord.Interaction) -> None:
        """The slash command."""
        self.start_for(interaction)

    @used(ANOTHER_ROUND)
    def again(self, interaction: discord.Interaction, _: re.Match[str]) -> None:
        """The button below a round that is over."""
        self.start_for(interaction)

    def start_for(self, interaction: discord.Interaction) -> None:
        """A round, in answer to a command or a button."""
        self._tasks.start("start_round", self._start_for(interaction), interaction_id=interaction.id)

    @used(GUESS)
    def ask_for_name(self, interaction: discord.Interaction, match: re.Match[str]) -> None:
        """The form, for who has pressed the button."""
        self._tasks.start(
            "ask_for_name", self._ask_for_name(interaction, match["round"]), interaction_id=interaction.id
        )

    @used(NAMED)
    def guessed(self, interaction: discord.Interaction, match: re.Match[str]) -> None:
        """Somebody has filled in the form."""
        guess = self._guess_by_form(interaction, match["round"], name_in(interaction))
        self._tasks.start("guess", guess, interaction_id=interaction.id)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody wants a round, or says a name."""
        own_id = self._link.own_id
        if own_id is None or message.guild is None or not is_said_by_person(message):
            return
        asked = after_mention(message.content, own_id)
        if asked is not None and asked.casefold() == GUESS_COMMAND:
            self._tasks.start("start_round", self._start_by_mention(message), message_id=message.id)
        elif may_begin(message.content, GUESS_COMMAND):
            self._tasks.start("start_round", self._start_by(message), message_id=message.id)
        elif round_id := self._game.heard(Platform.DISCORD, str(message.channel.id), message.content):
            guess = self._game.guess(round_id, str(message.author.id), message.content)
            self._tasks.start("guess", _done(guess), message_id=message.id)

    async def _start_for(self, interaction: discord.Interaction) -> None:
        if not await self._words.defer(interaction):
            return
        channel_id, guild_id = interaction.channel_id or 0, interaction.guild_id

        def target(round_id: str) -> dict[str, Any]:
            return GuessTarget(
                round_id,
                channel_id,
                guild_id,
                interaction_id=interaction.id,
                application_id=interaction.application_id,
                token=interaction.token,
                expires_at=interaction.expires_at.timestamp(),
            ).to_json()

        nearby = self._link.emoji_of(guild_id)
        try:
            self._reach.check_response(interaction)
            question = await self._intake.question(interaction, private=False)
            await self._game.start(question.asker.origin, target, nearby=nearby, standing=question.standing)
        except FaceError as error:
            await self._words.whisper_later(interaction, words_for(error))

    async def _start_by(self, message: discord.Message) -> None:
        heard = await self._prefixes.heard(message, GUESS_COMMAND)
        if heard is not None and not heard.text:
            await self._start(message, heard.way, heard.here)

    async def _start_by_mention(self, message: discord.Message) -> None:
        await self._start(message, Way.MENTION, await self._prefixes.here(message))

    async def _start(self, message: discord.Message, way: Way, here: EffectiveSettings) -> None:
        place = Place(message.channel.id, guild_id_of(message), message.id)
        standing = standing_in_message(message, way, here)
        origin = origin_of(place.guild_id, place.channel_id, message.author.id)

        def target(round_id: str) -> dict[str, Any]:
            return GuessTarget(round_id, place.channel_id, place.guild_id, question_id=message.id).to_json()

        try:
            self._reach.check(place)
            await self._game.start(origin, target, nearby=self._link.emoji_of(place.guild_id), standing=standing)
        except FaceError as error:
            await self._intake.decline(place, error, standing.locale)

    async def _ask_for_name(self, interaction: discord.Interaction, round_id: str) -> None:
        if await self._game.is_running(round_id):
            form = name_form(round_id, locales.of_asker(interaction))
            await self._words.ask_for(interaction, form)
        else:
            await self._words.whisper(interaction, OVER)

    async def _guess_by_form(self, interaction: discord.Interaction, round_id: str, name: str) -> None:
        if not await self._game.is_running(round_id):
            words = OVER
        else:
            won = await self._game.guess(round_id, str(interaction.user.id), name)
            words = RIGHT if won else WRONG if await self._game.is_running(round_id) else OVER
        await self._words.whisper(interaction, words)


async def _done(guess: Coroutine[Any, Any, object]) -> None:
    await guess
