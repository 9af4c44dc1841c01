"""Saying words on Discord where they may get lost: nobody waits for them, and a failure is noted, not raised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
import discord
import structlog
from discord import ui
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from bot.discord.gate import SendingPaused
from bot.discord.link import Link, NotConnected
from bot.discord.locales import of_asker
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, Shows, nonce_of, post
from bot.texts import Text, say

log = structlog.get_logger(__name__)


_ALREADY_ACKNOWLEDGED = 40060


def _quickly(limit_s: float) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(_may_pass_at_once),
        wait=wait_random(0.05, 0.25),
        stop=stop_after_delay(limit_s),
        reraise=True,
    )


def _may_pass_at_once(error: BaseException) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status >= 500
    return isinstance(error, (aiohttp.ClientError, OSError)) and not isinstance(error, SendingPaused)


async def _acknowledged(first: Callable[[], Awaitable[object]]) -> None:
    try:
        await first()
    except discord.HTTPException as error:
        if error.code != _ALREADY_ACKNOWLEDGED:  # an earlier try that seemed to fail
            raise


class Words:
    """Each method says something once, in the language of whoever reads it: what is whispered, in the asker's."""

    def __init__(self, link: Link, pacing: Pacing) -> None:
        self._link = link
        self._pacing = pacing

    async def reply(self, place: Place, words: Text, locale: str, *, occasion: str | None = None) -> None:
        """Beside the question, for everybody. Without a question, the same words twice within minutes are one message,
        unless they are of different occasions."""

        async def posting() -> None:
            said = say(words, locale)
            about = place.question_id or f"{place.channel_id} {occasion or said}"
            await post(self._link.client, place, Content(said), nonce_of(f"refused {about}"))

        await self._try(posting(), channel_id=place.channel_id)

    async def sign(self, place: Place, emoji: str) -> None:
        """On the question, where words cannot be said."""

        async def reacting() -> None:
            message = place.channel(self._link.client).get_partial_message(place.question_id or 0)
            await message.add_reaction(emoji)

        await self._try(reacting(), channel_id=place.channel_id)

    async def defer(self, interaction: discord.Interaction, *, ephemeral: bool = False) -> bool:
        """Before anything else: Discord waits 3 s. False: it did not take it, and will take nothing else."""
        return await self.respond(interaction, lambda: interaction.response.defer(thinking=True, ephemeral=ephemeral))

    async def whisper(self, interaction: discord.Interaction, words: Text) -> None:
        """As the first response, which only the asker sees."""
        said = say(words, of_asker(interaction))
        await self.respond(interaction, lambda: interaction.response.send_message(said, ephemeral=True))

    async def respond(self, interaction: discord.Interaction, first: Callable[[], Awaitable[object]]) -> bool:
        """Give the first response, whatever it is: tried again quickly, because Discord waits 3 s and no longer."""

        async def tries() -> None:
            async for attempt in _quickly(self._pacing.first_response_s):
                with attempt:
                    await _acknowledged(first)

        return await self._try(tries(), interaction_id=interaction.id)

    async def open(self, interaction: discord.Interaction, menu: ui.LayoutView) -> None:
        """As the first response, which only the asker sees."""
        await self.respond(interaction, lambda: interaction.response.send_message(view=menu, ephemeral=True))

    async def renew(self, interaction: discord.Interaction, menu: ui.LayoutView) -> None:
        """In place of the menu in which something was pressed."""
        await self.respond(interaction, lambda: interaction.response.edit_message(view=menu))

    async def ask_for(self, interaction: discord.Interaction, form: ui.Modal) -> None:
        """What is missing, in a form."""
        await self.respond(interaction, lambda: interaction.response.send_modal(form))

    async def whisper_later(self, interaction: discord.Interaction, words: Text) -> None:
        """After a public `defer`, yet for the asker alone: a refusal is nobody else's business."""

        async def instead() -> None:
            # the first follow-up would take the public "… is thinking" as its place, so that goes first
            await interaction.delete_original_response()
            await interaction.followup.send(say(words, of_asker(interaction)), ephemeral=True)

        await self._try(instead(), interaction_id=interaction.id)

    async def whisper_beside(self, interaction: discord.Interaction, words: Text) -> None:
        """After a first response that said something else, to the asker alone."""
        said = say(words, of_asker(interaction))
        await self._try(interaction.followup.send(said, ephemeral=True), interaction_id=interaction.id)

    async def fill_in(self, interaction: discord.Interaction, words: Text) -> None:
        """In place of what an ephemeral `defer` has shown."""
        said = say(words, of_asker(interaction))
        await self._try(interaction.edit_original_response(content=said), interaction_id=interaction.id)

    async def show(self, interaction: discord.Interaction, content: Shows) -> None:
        """In place of what `defer` has shown."""
        arguments = content.arguments("attachments")
        await self._try(interaction.edit_original_response(**arguments), interaction_id=interaction.id)

    async def replace(self, interaction: discord.Interaction, words: Text, locale: str) -> None:
        """In place of the message whose button was pressed, without buttons."""
        editing = interaction.response.edit_message(content=say(words, locale), view=None)
        await self._try(editing, interaction_id=interaction.id)

    async def _try(self, saying: Coroutine[Any, Any, Any], **context: object) -> bool:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await saying
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_words_lost", error=type(error).__name__, **context)
            return False
        return True
