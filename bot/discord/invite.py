"""The link that adds the bot to a server, asking for what it needs and nothing more."""

from __future__ import annotations

import discord

NEEDED = (
    # seeing questions, and answering them with a picture
    "view_channel",
    "send_messages",
    "attach_files",
    # without it Discord refuses replies, and an answer posted before a crash is not found
    "read_message_history",
    # questions asked in threads, and a thread for answers where admins want that
    "send_messages_in_threads",
    "create_public_threads",
    # a sign on the question where words or pictures cannot be posted
    "add_reactions",
    # the button that makes a face an emoji of the server, for members who may do so themselves
    "create_expressions",
)
"""Permissions by discord.py's names, which are keys of `bot.replies.PERMISSIONS`."""

_SCOPES = ("bot", "applications.commands")


def invite_url(client_id: int | str, *, guild: discord.abc.Snowflake = discord.utils.MISSING) -> str:
    """The page on which an admin adds the application with this id, or gives it what it lacks in this `guild`."""
    return discord.utils.oauth_url(
        client_id,
        permissions=discord.Permissions(**dict.fromkeys(NEEDED, True)),
        scopes=_SCOPES,
        guild=guild,
        disable_guild_select=guild is not discord.utils.MISSING,
    )


def missing_in(guild: discord.Guild) -> list[str]:
    """What the invitation asks for and the bot does not have there, whatever single channels say."""
    has = guild.me.guild_permissions
    return [name for name in NEEDED if not getattr(has, name)]
