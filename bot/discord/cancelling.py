"""The button "Cancel" below a status line: for who asked, and for moderators."""

from __future__ import annotations

import re

import discord
import structlog

from bot.discord.buttons.controls import Action
from bot.discord.feature import Feature, used
from bot.discord.progress import WorkingSigns
from bot.discord.rights import moderates
from bot.discord.service import Faces
from bot.discord.words import Words
from bot.tasks import BoundedTasks
from bot.texts import Text

log = structlog.get_logger(__name__)


class Cancelling(Feature):
    """Calls waiting requests off."""

    def __init__(self, faces: Faces, signs: WorkingSigns, words: Words, tasks: BoundedTasks) -> None:
        self._faces = faces
        self._signs = signs
        self._words = words
        self._tasks = tasks

    @used(rf"face:{Action.CANCEL}:(?P<request>[0-9A-HJKMNP-TV-Z]{{26}})")
    def pressed(self, interaction: discord.Interaction, match: re.Match[str]) -> None:
        """Answer it beside."""
        request_id = match["request"]
        self._tasks.start("cancel", self._cancel(interaction, request_id), request_id=request_id)

    async def _cancel(self, interaction: discord.Interaction, request_id: str) -> None:
        request = await self._faces.request(request_id)
        if request is None:
            await self._words.whisper(interaction, Text("I have forgotten that one already."))
        elif not (moderates(interaction) or str(interaction.user.id) == request.origin.user_id):
            refusal = Text("Only who asked, or somebody who manages messages, can cancel it.")
            await self._words.whisper(interaction, refusal)
        elif not await self._faces.cancel(request_id):
            await self._words.whisper(interaction, Text("Too late: it is on its way."))
        else:
            log.info("discord_request_cancelled", request_id=request_id)
            async with self._signs.silenced(request_id):
                await self._words.replace(interaction, Text("Cancelled."), request.locale)
