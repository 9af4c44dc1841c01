"""What a server's admins have chosen in Discord itself about who may use which command."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES

log = structlog.get_logger(__name__)

_ROLE, _USER = 1, 2


class Access:
    """Asks Discord anew each time."""

    def __init__(self, link: Link, pacing: Pacing) -> None:
        self._link = link
        self._pacing = pacing

    async def limits(self, guild_id: int) -> list[tuple[str, list[str]]] | None:
        """The commands that are limited or allowed to somebody, each with the rules as Discord shows them; None when
        it does not say."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                client = self._link.client
                application_id = client.application_id or 0
                chosen = await client.http.get_guild_application_command_permissions(application_id, guild_id)
                known = await client.http.get_global_commands(application_id) if chosen else []
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_permissions_unknown", error=type(error).__name__)
            return None
        names = {str(each["id"]): _name(each) for each in known} | {str(application_id): "*"}
        limits = [(names.get(str(each["id"])), _rules(each["permissions"], guild_id)) for each in chosen]
        return [(name, rules) for name, rules in limits if name is not None]


def _name(command: Any) -> str:
    return f"/{command['name']}" if command.get("type", 1) == 1 else str(command["name"])


def _rules(permissions: Any, guild_id: int) -> list[str]:
    return [f"{'✅' if each['permission'] else '❌'} {_whom(each, guild_id)}" for each in permissions]


def _whom(permission: Any, guild_id: int) -> str:
    """A server's id stands for everybody, the one before for all channels:
    https://docs.discord.com/developers/interactions/application-commands#permissions"""
    id_ = int(permission["id"])
    if permission["type"] == _ROLE:
        return "@everyone" if id_ == guild_id else f"<@&{id_}>"
    if permission["type"] == _USER:
        return f"<@{id_}>"
    return "<id:browse>" if id_ == guild_id - 1 else f"<#{id_}>"
