"""What is known about an emote, in words."""

from __future__ import annotations

from typing import Protocol

import discord

from bot.discord.hearing import origin_of
from bot.discord.link import Link
from bot.discord.words import Words
from bot.emotes.catalogue import Catalogue
from bot.emotes.completion import Suggestion
from bot.emotes.resolver import Explanation
from bot.models import Origin
from bot.replies import explanation
from bot.texts import Text


class KnowsEmotes(Protocol):
    """`bot.emotes.chat.ChatEmotes`, which says what each does."""

    async def explain(self, origin: Origin, word: str, nearby: Catalogue) -> Explanation: ...

    async def complete(self, origin: Origin, text: str, nearby: Catalogue) -> tuple[Suggestion, ...]: ...

    async def named_in(self, origin: Origin, text: str, nearby: Catalogue) -> tuple[str, ...]: ...

    def shown_name(self, name: str) -> str | None: ...

    async def link_channel(self, scope_id: str, login: str | None, *, by_user_id: str) -> None: ...


class EmoteAnswers:
    """Explains emotes of the place where somebody asks."""

    def __init__(self, emotes: KnowsEmotes, link: Link, words: Words) -> None:
        self._emotes = emotes
        self._link = link
        self._words = words

    async def answer(self, interaction: discord.Interaction, word: str) -> None:
        """To the asker alone. Deferred first: a source may take longer than Discord waits."""
        if await self._words.defer(interaction, ephemeral=True):
            origin = origin_of(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
            await self._words.fill_in(interaction, await self.explained(origin, interaction.guild_id, word))

    async def explained(self, origin: Origin, guild_id: int | None, word: str) -> Text:
        """In words."""
        return explanation(await self._emotes.explain(origin, word, self._link.emoji_of(guild_id)))
