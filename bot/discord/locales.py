"""In whose language something is said."""

from __future__ import annotations

import discord

from bot.texts import SOURCE_LOCALE


def of_server(guild: discord.Guild | None) -> str:
    """What everybody there reads; of a server nobody has told us about, English."""
    return guild.preferred_locale.value if guild is not None else SOURCE_LOCALE


def of_everybody(interaction: discord.Interaction) -> str:
    """For answers the whole channel sees; between two people the asker's."""
    return (interaction.guild_locale or interaction.locale).value


def of_asker(interaction: discord.Interaction) -> str:
    """For answers only the asker sees."""
    return interaction.locale.value
