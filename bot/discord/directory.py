"""What the bot knows of its servers, for pages outside Discord; and who may manage one, asked of Discord itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import discord
import structlog
from cachetools import TTLCache

from bot.directory import RightsUnknown
from bot.discord.admin.places import CHANNEL_TYPES
from bot.discord.emote_answers import KnowsEmotes
from bot.discord.link import Link, NotConnected
from bot.discord.posting import DISCORD_FAILURES
from bot.store.servers import Servers

log = structlog.get_logger(__name__)

KEPT_S = 30.0  # how long a right that was taken away still counts
TIMEOUT_S = 10.0
_MAX_KEPT = 10_000


class DiscordDirectory:
    """See `bot.directory.Directory`."""

    def __init__(self, link: Link, servers: Servers, emotes: KnowsEmotes, *, kept_s: float = KEPT_S) -> None:
        self._link = link
        self._servers = servers
        self._emotes = emotes
        self._managers: TTLCache[tuple[str, str], bool] = TTLCache(_MAX_KEPT, kept_s)

    async def present(self) -> Collection[str]:
        return await self._servers.present()

    async def manages(self, scope_id: str, user_id: str) -> bool:
        key = (scope_id, user_id)
        if (known := self._managers.get(key)) is None:
            self._managers[key] = known = await self._ask(int(scope_id), int(user_id))
        return known

    def own_scope(self, user_id: str) -> str | None:
        return None

    def name(self, scope_id: str) -> str | None:
        guild = self._guild(scope_id)
        return None if guild is None else guild.name

    def channels(self, scope_id: str) -> Mapping[str, str] | None:
        guild = self._guild(scope_id)
        if guild is None:
            return None
        return {str(each.id): f"#{each.name}" for each in guild.channels if each.type in CHANNEL_TYPES}

    def roles(self, scope_id: str) -> Mapping[str, str] | None:
        guild = self._guild(scope_id)
        if guild is None:
            return None
        return {str(each.id): f"@{each.name}" for each in reversed(guild.roles) if not each.is_default()}

    def emoji_name(self, scope_id: str, emoji_id: str) -> str | None:
        known = {each.id: each.name for each in self._link.emoji_of(int(scope_id))}
        return self._emotes.shown_name(known[emoji_id]) if emoji_id in known else None

    def _guild(self, scope_id: str) -> discord.Guild | None:
        """None for one of another process, or while there is no connection."""
        client = self._link.current
        return None if client is None or not scope_id.isdecimal() else client.get_guild(int(scope_id))

    async def _ask(self, guild_id: int, user_id: int) -> bool:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                client = self._link.client
                guild = client.get_guild(guild_id) or await client.fetch_guild(guild_id)
                member = await guild.fetch_member(user_id)
        except discord.NotFound:  # no member, or no server of ours any more
            return False
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.warning("discord_rights_unknown", error=type(error).__name__)
            raise RightsUnknown from error
        return member.guild_permissions.manage_guild
