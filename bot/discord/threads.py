"""Where a message is answered: beside it, or in a thread of it."""

from __future__ import annotations

from typing import Literal

import discord
import structlog

from bot.discord.client import FaceBot
from bot.discord.posting import Place
from bot.discord.reach import known_permissions
from bot.discord.targets import MessageTarget
from bot.texts import Text, say

log = structlog.get_logger(__name__)

_ALREADY_THERE = 160004
_ARCHIVED_AFTER_MINUTES: Literal[60] = 60


async def place_of(client: FaceBot, target: MessageTarget, locale: str) -> Place:
    """The place for the answer; its thread is opened if there is none yet.

    A thread has the id of the message it begins with, so nothing has to be kept of it. Where it cannot be opened, the
    answer is a reply as everywhere else.
    """
    beside = Place(target.channel_id, target.guild_id, target.message_id)
    if not target.in_thread or isinstance(client.get_channel(target.channel_id), discord.Thread):
        return beside
    permissions = known_permissions(client, beside)
    if permissions and not (permissions.create_public_threads and permissions.send_messages_in_threads):
        return beside
    try:
        await client.http.start_thread_with_message(
            target.channel_id,
            target.message_id,
            name=say(Text("Faces"), locale),
            auto_archive_duration=_ARCHIVED_AFTER_MINUTES,
        )
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise
        if error.code != _ALREADY_THERE:  # in a channel without threads, the question is gone, …
            log.info("discord_thread_not_opened", channel_id=target.channel_id, code=error.code)
            return beside
    return Place(target.message_id, target.guild_id)
