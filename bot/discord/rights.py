"""Who may do what, at the moment they want it."""

from __future__ import annotations

from typing import Any

import discord

from bot.models import FaceRequest
from bot.texts import Text


def moderates(interaction: discord.Interaction[Any]) -> bool:
    """Whether they look after what stands in this channel."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages


def concerns(interaction: discord.Interaction[Any], request: FaceRequest | None) -> bool:
    """Whether they asked for it or are shown in it. Of a request that is no longer stored nobody knows."""
    return request is not None and str(interaction.user.id) in {request.origin.user_id, *request.shown_user_ids}


def refusal_unless_admin(interaction: discord.Interaction[Any]) -> Text | None:
    """The words for somebody who may not change this server's settings; None for somebody who may."""
    if interaction.guild_id is None:
        return Text("That is a setting of servers.")
    if not interaction.permissions.manage_guild:
        return Text("Only people who may manage this server can change that.")
    return None


def refusal_unless_moderator(interaction: discord.Interaction[Any]) -> Text | None:
    """The same for who looks after a channel's messages."""
    if interaction.guild_id is None:
        return Text("That is a setting of servers.")
    if not (interaction.permissions.manage_messages or interaction.permissions.manage_guild):
        return Text("Only people who may manage messages or this server can do that.")
    return None
