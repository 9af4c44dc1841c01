"""The message menu "Delete this face": for who asked, who is shown, and moderators."""

from __future__ import annotations

import asyncio

import discord
import structlog

from bot.discord.feature import Feature, menu
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.rights import concerns, moderates
from bot.discord.service import Faces
from bot.discord.shared import take_out
from bot.discord.taking_back import Removal
from bot.discord.words import Words
from bot.models import Platform
from bot.tasks import BoundedTasks
from bot.texts import Text

log = structlog.get_logger(__name__)

DELETE = "Delete this face"


class Deleting(Feature):
    """Deletes answers of the bot, and says so to whoever wanted it, alone.

    Of a message that shows the faces of several requests, people other than moderators take only theirs out.
    """

    def __init__(self, faces: Faces, words: Words, tasks: BoundedTasks, pacing: Pacing, *, removal: Removal) -> None:
        self._faces = faces
        self._removal = removal
        self._words = words
        self._tasks = tasks
        self._pacing = pacing

    @menu(DELETE)
    async def delete_face(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """On every message; only answers of the bot can go."""
        self._tasks.start("delete_face", self._answer(interaction, message), interaction_id=interaction.id)

    async def _answer(self, interaction: discord.Interaction, message: discord.Message) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                words = await self._delete(interaction, message)
        except DISCORD_FAILURES as error:
            log.info("discord_face_not_deleted", interaction_id=interaction.id, error=type(error).__name__)
            return
        await self._words.whisper(interaction, words)

    async def _delete(self, interaction: discord.Interaction, message: discord.Message) -> Text:
        own = interaction.client.user
        if own is None or message.author.id != own.id:
            return Text("That is no face of mine.")
        async with self._removal.alone_with(str(message.id)):
            return await self._delete_theirs(interaction, message)

    async def _delete_theirs(self, interaction: discord.Interaction, message: discord.Message) -> Text:
        requests = await self._faces.answered_as(Platform.DISCORD, str(message.id))
        theirs = requests if moderates(interaction) else [each for each in requests if concerns(interaction, each)]
        try:
            if not theirs and not moderates(interaction):
                await message.fetch()
                return Text(
                    "Only who asked for it, who is shown in it, or somebody who manages messages can delete it."
                )
            if len(theirs) == len(requests):
                await message.delete()
            else:
                await take_out(await message.fetch(), {request.id for request in theirs})
        except discord.NotFound:
            return Text("It is gone already.")
        except discord.Forbidden:
            return Text("Discord does not let me delete it here.")
        for request in theirs:
            await self._faces.forget_answer(request.id)
        log.info("discord_face_deleted", request_ids=[request.id for request in theirs])
        return Text("Deleted.")
