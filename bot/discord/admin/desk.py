"""Where admins' commands are taken: refused to everybody else, answered to the asker alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import discord

from bot.discord.locales import of_asker
from bot.discord.posting import Shows
from bot.discord.rights import refusal_unless_admin
from bot.discord.words import Words
from bot.errors import FaceError
from bot.replies import words_for
from bot.tasks import BoundedTasks
from bot.texts import Text


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who may manage the server, at the moment of asking; what is shown to them is in their language."""

    scope_id: str
    user_id: str
    locale: str


Answer: TypeAlias = Text | Shows
Work: TypeAlias = Callable[[Admin], Awaitable[Answer]]
OpensForm: TypeAlias = Callable[[Admin], Awaitable[discord.ui.Modal]]
Refusal: TypeAlias = Callable[[discord.Interaction[Any]], Text | None]


class Desk:
    """Deferred first: the store, and more so what lies behind it, may take longer than Discord waits."""

    def __init__(self, words: Words, tasks: BoundedTasks) -> None:
        self._words = words
        self._tasks = tasks

    def hear(
        self, interaction: discord.Interaction[Any], work: Work, *, refusal: Refusal = refusal_unless_admin
    ) -> None:
        """A command or a menu, answered beside."""
        self._start(interaction, self._answer(interaction, work, refusal))

    def hear_press(
        self, interaction: discord.Interaction[Any], work: Work, *, refusal: Refusal = refusal_unless_admin
    ) -> None:
        """Something below an answer of before, which the new answer replaces. What goes wrong is said beside it."""
        self._start(interaction, self._renew(interaction, work, refusal))

    def ask_for(self, interaction: discord.Interaction[Any], form: OpensForm) -> None:
        """Open a form. That has to be the first response, so it cannot be deferred."""
        self._start(interaction, self._open(interaction, form))

    async def _answer(self, interaction: discord.Interaction[Any], work: Work, refusal: Refusal) -> None:
        if words := refusal(interaction):
            await self._words.whisper(interaction, words)
        elif await self._words.defer(interaction, ephemeral=True):
            answer = await _answer_of(interaction, work)
            if isinstance(answer, Text):
                await self._words.fill_in(interaction, answer)
            else:
                await self._words.show(interaction, answer)

    async def _renew(self, interaction: discord.Interaction[Any], work: Work, refusal: Refusal) -> None:
        if words := refusal(interaction):
            await self._words.whisper(interaction, words)
        elif await self._words.respond(interaction, interaction.response.defer):
            answer = await _answer_of(interaction, work)
            if isinstance(answer, Text):
                await self._words.whisper_beside(interaction, answer)
            else:
                await self._words.show(interaction, answer)

    async def _open(self, interaction: discord.Interaction[Any], form: OpensForm) -> None:
        if words := refusal_unless_admin(interaction):
            await self._words.whisper(interaction, words)
        else:
            await self._words.ask_for(interaction, await form(_admin(interaction)))

    def _start(self, interaction: discord.Interaction[Any], work: Any) -> None:
        self._tasks.start("answer_admin", work, interaction_id=interaction.id)


async def _answer_of(interaction: discord.Interaction[Any], work: Work) -> Answer:
    try:
        return await work(_admin(interaction))
    except FaceError as error:
        return words_for(error)


def _admin(interaction: discord.Interaction[Any]) -> Admin:
    return Admin(str(interaction.guild_id), str(interaction.user.id), of_asker(interaction))
