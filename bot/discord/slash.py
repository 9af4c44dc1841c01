"""`/face`, with its suggestions while somebody types."""

from __future__ import annotations

import asyncio
from typing import Protocol

import discord
from discord import app_commands

from bot.command import COMMAND
from bot.discord.command_words import choices
from bot.discord.commands import ROUNDS, SlashQuestion
from bot.discord.feature import Feature
from bot.discord.gathering import Gathered, Gathering
from bot.discord.hearing import origin_of
from bot.discord.intake import Intake, Question
from bot.discord.link import Link
from bot.emotes.catalogue import Catalogue
from bot.emotes.completion import Suggestion
from bot.models import Origin
from bot.tasks import BoundedTasks
from inference.protocol import MAX_SEED, Format, Layout, Style

_PATIENCE_S = 2.0  # Discord waits 3


class Completes(Protocol):
    """`bot.emotes.chat.ChatEmotes`, which says what it does."""

    async def complete(self, origin: Origin, text: str, nearby: Catalogue) -> tuple[Suggestion, ...]: ...


class Slash(Feature):
    """The command that everybody has."""

    def __init__(
        self, intake: Intake, gathering: Gathering, emotes: Completes, link: Link, tasks: BoundedTasks
    ) -> None:
        self._intake = intake
        self._gathering = gathering
        self._emotes = emotes
        self._link = link
        self._tasks = tasks

    @app_commands.command(name=COMMAND, description="Draw an almost-real human face from an emote")
    @app_commands.describe(
        emote="One to four emotes: names, custom emoji, any emoji, @server; leave it out for a surprise",
        picture="A picture of yours",
        member="Somebody's avatar, yours for example",
        style="Which network draws",
        realism="0 keeps close to the emote, 1 trusts the network",
        iterations="How many times the face is drawn over; auto takes the round most like a face",
        seed="A number; the same one gives the same face",
        layout="How the faces are put into one picture",
        form="GIF is smaller and coarser, for where WebP does not play",
        private="Only you see the answer",
        spoiler="The answer is blurred until it is clicked",
    )
    @app_commands.choices(
        style=choices(Style), iterations=choices(ROUNDS), layout=choices(Layout), form=choices(Format)
    )
    @app_commands.rename(form="format")
    async def face(
        self,
        interaction: discord.Interaction,
        emote: str = "",
        picture: discord.Attachment | None = None,
        member: discord.User | None = None,
        style: str | None = None,
        realism: app_commands.Range[float, 0, 1] | None = None,
        iterations: str | None = None,
        seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
        layout: str | None = None,
        form: str | None = None,
        private: bool = False,
        spoiler: bool = False,
    ) -> None:
        """Answered beside."""
        asked = SlashQuestion(emote, picture, member, style, realism, iterations, seed, layout, form)

        async def gather(question: Question) -> Gathered:
            return await self._gathering.of_slash(asked, question.asker, asked.command(question.defaults))

        answer = self._intake.take_interaction(interaction, gather, private=private, spoiler=spoiler)
        self._tasks.start("answer_slash", answer, interaction_id=interaction.id)

    @face.autocomplete("emote")
    async def suggest(self, interaction: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
        """Whole texts with the last word completed; none is better than too late."""
        origin = origin_of(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await self._emotes.complete(origin, text, self._link.emoji_of(interaction.guild_id))
        except TimeoutError:
            return []
        return [app_commands.Choice(name=each.shown, value=each.typed) for each in found]
