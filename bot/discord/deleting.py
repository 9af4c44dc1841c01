"""The message menu "Delete this face": for who asked, who is shown, and moderators."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import discord
import structlog
from discord import app_commands

from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.service import Faces
from bot.models import FaceRequest, Platform

log = structlog.get_logger(__name__)

DELETE = "Delete this face"
DeletionHandler: TypeAlias = Callable[[discord.Interaction, discord.Message], None]


def add_delete_menu(tree: app_commands.CommandTree, handle: DeletionHandler) -> None:
    """The menu on every message; `handle` returns at once and works beside."""

    @tree.context_menu(name=DELETE)
    async def delete_face(interaction: discord.Interaction, message: discord.Message) -> None:
        handle(interaction, message)


class Deleting:
    """Deletes answers of the bot, and says so to whoever wanted it, alone."""

    def __init__(self, faces: Faces, pacing: Pacing) -> None:
        self._faces = faces
        self._pacing = pacing

    async def answer(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Carry it out if they may."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                words = await self._delete(interaction, message)
                await interaction.response.send_message(words, ephemeral=True)
        except DISCORD_FAILURES as error:
            log.info("discord_words_lost", interaction_id=interaction.id, error=type(error).__name__)

    async def _delete(self, interaction: discord.Interaction, message: discord.Message) -> str:
        own = interaction.client.user
        if own is None or message.author.id != own.id:
            return "That is no face of mine."
        request = await self._faces.answered_as(Platform.DISCORD, str(message.id))
        if not _may_delete(interaction, request):
            return "Only who asked for it, who is shown in it, or somebody who manages messages can delete it."
        try:
            await message.delete()
        except discord.NotFound:
            return "It is gone already."
        except discord.Forbidden:
            return "Discord does not let me delete it here."
        log.info("discord_face_deleted", request_id=request.id if request else None)
        return "Deleted."


def _may_delete(interaction: discord.Interaction, request: FaceRequest | None) -> bool:
    """Of a request that is no longer stored nobody knows whose it was."""
    if interaction.guild_id is not None and interaction.permissions.manage_messages:
        return True
    return request is not None and str(interaction.user.id) in {request.origin.user_id, *request.shown_user_ids}
