"""`/emoteface opt-out` and `opt-in`: what members decide about pictures of themselves."""

from __future__ import annotations

import discord

from bot.consent import Consent
from bot.discord.feature import Feature, subcommand
from bot.discord.words import Words
from bot.models import Platform
from bot.tasks import BoundedTasks
from bot.texts import Text


class Decisions(Feature):
    """Takes decisions down and confirms them to whoever made them, alone."""

    def __init__(self, consent: Consent, words: Words, tasks: BoundedTasks) -> None:
        self._consent = consent
        self._words = words
        self._tasks = tasks

    @subcommand("opt-out", "Nobody else can turn your avatar or pictures into a face any more")
    async def opt_out(self, interaction: discord.Interaction) -> None:
        """Everywhere."""
        self._hear(interaction, out=True)

    @subcommand("opt-in", "Take your opt-out back")
    async def opt_in(self, interaction: discord.Interaction) -> None:
        """Everywhere."""
        self._hear(interaction, out=False)

    def _hear(self, interaction: discord.Interaction, *, out: bool) -> None:
        self._tasks.start("answer_decision", self._answer(interaction, out=out), interaction_id=interaction.id)

    async def _answer(self, interaction: discord.Interaction, *, out: bool) -> None:
        await self._consent.opt_out(Platform.DISCORD, str(interaction.user.id), out=out)
        await self._words.whisper(interaction, _OPTED[out])


_OPTED = {
    True: Text("Done: nobody else can have your avatar or your pictures drawn, in any server."),
    False: Text("Done: where admins allow it, others can have your avatar and your pictures drawn."),
}
