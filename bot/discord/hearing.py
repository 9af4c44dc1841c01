"""Who said what where: what all features that listen to messages have in common."""

from __future__ import annotations

import discord

from bot.models import Origin, Platform

_SAID_BY_PEOPLE = {discord.MessageType.default, discord.MessageType.reply}


def is_said_by_person(message: discord.Message) -> bool:
    """Not by a program, and no notice of Discord's own."""
    return not message.author.bot and not message.webhook_id and message.type in _SAID_BY_PEOPLE


def guild_id_of(message: discord.Message) -> int | None:
    """The server's, also where the library knows nothing but the channel's id; None in direct conversations."""
    if message.guild is not None:
        return message.guild.id
    return message.channel.guild_id if isinstance(message.channel, discord.PartialMessageable) else None


def origin_of(guild_id: int | None, channel_id: int, user_id: int) -> Origin:
    """A server is one scope; each direct conversation is its own."""
    scope_id = f"dm:{channel_id}" if guild_id is None else str(guild_id)
    return Origin(Platform.DISCORD, scope_id, str(channel_id), str(user_id))
