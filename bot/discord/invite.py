"""The link that adds the bot to a server, asking for what it needs and nothing more."""

from __future__ import annotations

import discord

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    read_message_history=True,  # without it Discord refuses replies, and an answer posted before a crash is not found
)


def invite_url(client_id: int | str) -> str:
    """The page on which a server's admin adds the application with this id."""
    return discord.utils.oauth_url(client_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
