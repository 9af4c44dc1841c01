"""`/emote-info`, and what admins decide about emotes: the answers."""

from __future__ import annotations

import asyncio
from typing import Protocol

import discord
import structlog

from bot.discord.emote_commands import AllowFlag, EmoteQuestion, Explain, LinkChannel, SwitchSource
from bot.discord.link import Link
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.server_commands import refusal_unless_admin
from bot.emotes.catalogue import Catalogue, ContentFlag
from bot.emotes.library import SOURCE_NAMES
from bot.emotes.resolver import Explanation
from bot.errors import FaceError
from bot.models import EmoteSource, Origin
from bot.replies import explanation, flag_words, words_for

log = structlog.get_logger(__name__)


class KnowsEmotes(Protocol):
    """`bot.emotes.chat.ChatEmotes`, which says what each does."""

    async def explain(self, origin: Origin, word: str, nearby: Catalogue) -> Explanation: ...

    async def link_channel(self, scope_id: str, login: str | None) -> None: ...

    async def switch_source(self, scope_id: str, source: EmoteSource, *, on: bool) -> None: ...

    async def allow(self, scope_id: str, flag: ContentFlag, *, allowed: bool) -> None: ...


class EmoteAnswers:
    """Answers these commands in words that only the asker sees."""

    def __init__(self, emotes: KnowsEmotes, link: Link, pacing: Pacing) -> None:
        self._emotes = emotes
        self._link = link
        self._pacing = pacing

    async def answer(self, interaction: discord.Interaction, question: EmoteQuestion, origin: Origin) -> None:
        """Carry it out if the member may ask for it. Deferred first: a source may take longer than Discord waits."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await interaction.response.defer(ephemeral=True, thinking=True)
            words = await self._words(interaction, question, origin)
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await interaction.edit_original_response(content=words)
        except DISCORD_FAILURES as error:
            log.info("discord_words_lost", interaction_id=interaction.id, error=type(error).__name__)

    async def explained(self, origin: Origin, guild_id: int | None, word: str) -> str:
        """In words."""
        return explanation(await self._emotes.explain(origin, word, self._link.emoji_of(guild_id)))

    async def _words(self, interaction: discord.Interaction, question: EmoteQuestion, origin: Origin) -> str:
        if isinstance(question, Explain):
            return await self.explained(origin, interaction.guild_id, question.word)
        if (refusal := refusal_unless_admin(interaction)) is not None:
            return refusal
        try:
            words = await self._decided(question, origin.scope_id)
        except FaceError as error:
            return words_for(error)
        log.info("scope_emotes_changed", scope_id=origin.scope_id, change=type(question).__name__)
        return words

    async def _decided(self, question: LinkChannel | SwitchSource | AllowFlag, scope_id: str) -> str:
        match question:
            case LinkChannel(login):
                await self._emotes.link_channel(scope_id, login)
                return "Done: that channel's emotes work here now." if login else "Done: no channel's emotes work here."
            case SwitchSource(source, on):
                await self._emotes.switch_source(scope_id, source, on=on)
                return f"Done: {SOURCE_NAMES[source]} emotes {'work' if on else 'do not work'} here."
            case AllowFlag(flag, allowed):
                await self._emotes.allow(scope_id, flag, allowed=allowed)
                return f"Done: emotes marked as {flag_words(flag)} are {'drawn' if allowed else 'not drawn'} here."
