"""What Discord says of somebody who asks: their roles, what they may, and in which language they are answered."""

from __future__ import annotations

import discord

from bot.discord.locales import of_asker, of_everybody, of_server
from bot.models import Standing, Way
from bot.policy.settings import EffectiveSettings

AUTOMATIC = "auto"  # the setting `language`: the server's own


def standing_in_message(message: discord.Message, way: Way, here: EffectiveSettings) -> Standing:
    """Of its author; a message brings the roles along."""
    return _standing(message.author, way, message.channel, _chosen(here, of_server(message.guild)))


def standing_of_reactor(member: discord.Member, channel: object, here: EffectiveSettings) -> Standing:
    """Of whoever reacts."""
    return _standing(member, Way.REACTION, channel, _chosen(here, of_server(member.guild)))


def standing_in_interaction(interaction: discord.Interaction, here: EffectiveSettings, *, private: bool) -> Standing:
    """Of whoever uses a command or a menu. What is `private` only they read."""
    locale = of_asker(interaction) if private else of_everybody(interaction)
    if interaction.guild_id is not None and not private:
        locale = _chosen(here, locale)
    return Standing(
        Way.COMMAND,
        _role_ids(interaction.user),
        interaction.permissions.manage_guild,
        parent_of(interaction.channel),
        locale,
    )


def parent_of(channel: object) -> str | None:
    """The id of the channel that a thread belongs to."""
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else None


def _standing(author: discord.User | discord.Member, way: Way, channel: object, locale: str) -> Standing:
    manages = isinstance(author, discord.Member) and author.guild_permissions.manage_guild
    return Standing(way, _role_ids(author), manages, parent_of(channel), locale)


def _role_ids(person: discord.User | discord.Member) -> frozenset[str]:
    """Those of a server the bot is in; of another one Discord does not say which roles there are."""
    return frozenset(str(role.id) for role in person.roles) if isinstance(person, discord.Member) else frozenset()


def _chosen(here: EffectiveSettings, locale: str) -> str:
    return locale if here.language == AUTOMATIC else here.language
