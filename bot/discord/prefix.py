"""`!face`: commands in messages, where the server lets them be heard."""

from __future__ import annotations

import re
from dataclasses import dataclass

import discord

from bot.command import COMMAND, strip_prefix
from bot.discord.hearing import guild_id_of, origin_of
from bot.discord.standing import parent_of
from bot.models import Way
from bot.policy.policy import Policy
from bot.policy.settings import EffectiveSettings

MAX_PREFIX_CHARS = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that asks: what follows the command, how it was put, and what holds where it was said."""

    text: str
    way: Way
    here: EffectiveSettings


class Prefixes:
    """Each server may choose its own. Only what could be a command is looked up: most messages are talk."""

    def __init__(self, policy: Policy, usual: str) -> None:
        self._policy = policy
        self._usual = usual

    async def here(self, message: discord.Message) -> EffectiveSettings:
        """What holds where the message was said."""
        origin = origin_of(guild_id_of(message), message.channel.id, message.author.id)
        return await self._policy.effective(origin.scope_id, origin.channel_id, parent_of(message.channel))

    async def heard(self, message: discord.Message, command: str) -> Heard | None:
        """None for other talk, other bots' commands, and where an admin has not switched the prefix on.

        In a direct conversation nobody else can be meant, so that it counts as one would address the bot.
        """
        if not may_begin(message.content, command):
            return None
        here = await self.here(message)
        asked = strip_prefix(message.content, here.prefix or self._usual, command)
        if asked is None:
            return None
        if message.guild is None and guild_id_of(message) is None:
            return Heard(asked, Way.MENTION, here)
        return Heard(asked, Way.PREFIX, here) if here.prefix_enabled and here.enabled else None

    async def mentioned(self, message: discord.Message, asked: str) -> Heard:
        """`asked` follows a mention of the bot, maybe with the command spelled out, out of habit."""
        here = await self.here(message)
        spelled_out = strip_prefix(asked, here.prefix or self._usual, COMMAND)
        return Heard(asked if spelled_out is None else spelled_out, Way.MENTION, here)


def may_begin(text: str, command: str) -> bool:
    """Whether it is this command, whatever the prefix."""
    return re.match(rf"\s*\S{{1,{MAX_PREFIX_CHARS}}}?{command}(?!\w)", text, re.IGNORECASE) is not None


def after_mention(text: str, bot_id: int) -> str | None:
    """What follows a leading mention of the bot; a mention elsewhere is talk about it."""
    mentioned = re.match(rf"\s*<@!?{bot_id}>(.*)", text, re.DOTALL)
    return None if mentioned is None else mentioned[1].strip()
