"""Channels in which settings can differ, as an option of a command."""

from __future__ import annotations

from typing import Any, TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands

CHANNEL_TYPES = [ChannelType.text, ChannelType.news, ChannelType.voice, ChannelType.forum]


class _ChannelId(app_commands.Transformer):
    @property
    def type(self) -> AppCommandOptionType:
        return AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[ChannelType]:
        return CHANNEL_TYPES

    async def transform(self, _: discord.Interaction[Any], value: Any, /) -> str:
        return str(value.id)


ChannelId: TypeAlias = app_commands.Transform[str, _ChannelId]
