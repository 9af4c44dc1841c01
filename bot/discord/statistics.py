"""`/emoteface stats` for admins, `/emoteface leaderboard` for everybody."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import app_commands, ui

from bot.discord import locales
from bot.discord.emote_answers import KnowsEmotes
from bot.discord.feature import Feature, subcommand
from bot.discord.leaderboard import TOP, Leaderboard
from bot.discord.link import Link
from bot.discord.words import Words
from bot.models import Platform
from bot.stats.plotter import PlotFailed
from bot.stats.records import Records
from bot.stats.report import DAYS, chart_of, description, first_day
from bot.store.activity import LikedFace
from bot.tasks import BoundedTasks
from bot.texts import Text, say

_LOOKED_AT = 5 * TOP  # liked faces, as some may be where not everybody sees them
_ALT_TEXT_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Plot:
    """Like `Content`, for what posts."""

    picture: bytes
    alt_text: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        alt_text = self.alt_text[:_ALT_TEXT_LENGTH]
        view = ui.LayoutView(timeout=None)
        view.stop()  # the library would keep every view ever sent
        view.add_item(ui.MediaGallery(discord.MediaGalleryItem("attachment://stats.png", description=alt_text)))
        return {"content": None, files_as: [discord.File(io.BytesIO(self.picture), "stats.png")], "view": view}


class Statistics(Feature):
    """Reads what is stored of a server and shows it there."""

    def __init__(
        self,
        records: Records,
        emotes: KnowsEmotes,
        link: Link,
        words: Words,
        tasks: BoundedTasks,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._emotes = emotes
        self._link = link
        self._words = words
        self._tasks = tasks
        self._clock = clock

    @subcommand("stats", "For admins: faces a day, top emotes and busiest channels as a picture")
    async def stats(self, interaction: discord.Interaction) -> None:
        """Only the asker sees it: it names channels that others may not see."""
        self._tasks.start("answer_stats", self._stats(interaction), interaction_id=interaction.id)

    @subcommand("leaderboard", "Who guesses emotes best here, and which faces have the most stars")
    @app_commands.describe(private="Only you see the answer")
    async def leaderboard(self, interaction: discord.Interaction, private: bool = False) -> None:
        """For everybody."""
        answer = self._leaderboard(interaction, private=private)
        self._tasks.start("answer_leaderboard", answer, interaction_id=interaction.id)

    async def _stats(self, interaction: discord.Interaction) -> None:
        guild = interaction.guild
        if guild is None:
            await self._words.whisper(interaction, Text("That is about servers: use it in one."))
        elif not interaction.permissions.manage_guild:
            await self._words.whisper(interaction, Text("Only people who may manage this server can see that."))
        elif await self._words.defer(interaction, ephemeral=True):
            try:
                await self._words.show(interaction, await self._plot(guild, locales.of_everybody(interaction)))
            except PlotFailed:
                await self._words.fill_in(interaction, Text("The picture could not be drawn, please try again later."))

    async def _plot(self, guild: discord.Guild, locale: str) -> Plot:
        day = first_day(self._clock())
        activity = await self._records.activity.activity(Platform.DISCORD, str(guild.id), day, DAYS)
        emoji = {listed.id: listed.name for listed in self._link.emoji_of(guild.id)}

        def emoji_name(emoji_id: str) -> str | None:
            return self._emotes.shown_name(emoji[emoji_id]) if emoji_id in emoji else None

        def channel_name(channel_id: str) -> str | None:
            channel = guild.get_channel_or_thread(int(channel_id))
            return None if channel is None else channel.name

        chart = chart_of(activity, day, locale, emoji_name=emoji_name, channel_name=channel_name)
        return Plot(await self._records.plotter.draw(chart), say(description(chart), locale))

    async def _leaderboard(self, interaction: discord.Interaction, *, private: bool) -> None:
        guild = interaction.guild
        if guild is None:
            await self._words.whisper(interaction, Text("That is about servers: use it in one."))
        elif await self._words.defer(interaction, ephemeral=private):
            locale = locales.of_asker(interaction) if private else locales.of_everybody(interaction)
            board = await self._board(guild, str(interaction.user.id), locale)
            await self._words.show(interaction, board)

    async def _board(self, guild: discord.Guild, user_id: str, locale: str) -> Leaderboard:
        scope_id, guesses = str(guild.id), self._records.guesses
        liked = await self._records.activity.most_liked(Platform.DISCORD, scope_id, _LOOKED_AT)
        return Leaderboard(
            guild_id=guild.id,
            asker_id=user_id,
            best=await guesses.best(Platform.DISCORD, scope_id, TOP),
            own=await guesses.score(Platform.DISCORD, scope_id, user_id),
            liked=[face for face in liked if _everybody_sees(guild, face)][:TOP],
            locale=locale,
        )


def _everybody_sees(guild: discord.Guild, face: LikedFace) -> bool:
    channel = guild.get_channel_or_thread(int(face.channel_id))
    return channel is not None and channel.permissions_for(guild.default_role).view_channel
