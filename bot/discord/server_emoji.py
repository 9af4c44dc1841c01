"""The emoji one can name without markup: a server's own, and the application's."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from bot.emotes.catalogue import Catalogue, Listed
from bot.models import EmoteSource


def server_emoji(guild: discord.Guild | None, of_application: Iterable[discord.Emoji]) -> Catalogue:
    """By name, the server's before the application's; those a server lost with its boosts have no picture."""
    own = [emoji for emoji in guild.emojis if emoji.available] if guild is not None else []
    return Catalogue(
        Listed(EmoteSource.DISCORD, str(emoji.id), emoji.name, emoji.animated) for emoji in (*own, *of_application)
    )
