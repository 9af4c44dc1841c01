"""What places are called in addresses: Twitch channels by their login, everything else by the id of its scope."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import broadcaster_of, twitch_scope
from bot.store.tables import twitch_account as table
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.twitch_accounts import Role

_IS_CHANNEL = table.c.role == Role.CHANNEL.value


class ChannelNames:
    """Of channels that are connected. Every method reads once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def scope_of(self, name: str) -> str | None:
        """The scope that is called like this, in whatever case, or has this id; None for a name that nobody has."""
        if name.isdecimal() or broadcaster_of(name) is not None:
            return name
        user_id = await self._first(
            select(table.c.user_id).where(_IS_CHANNEL, func.lower(table.c.login) == name.lower())
        )
        return None if user_id is None else twitch_scope(user_id)

    async def name_of(self, scope_id: str) -> str | None:
        """What the platform calls it; None when that is not known."""
        broadcaster_id = broadcaster_of(scope_id)
        if broadcaster_id is None:
            return None
        return await self._first(select(table.c.login).where(_IS_CHANNEL, table.c.user_id == broadcaster_id))

    async def path_of(self, scope_id: str) -> str:
        """Where its gallery is, below the root. A login of nothing but digits would be taken for a server's id."""
        name = await self.name_of(scope_id)
        return f"g/{scope_id if name is None or name.isdecimal() else name}"

    async def _first(self, query: Select[Any]) -> str | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            found: str | None = (await connection.execute(query.limit(1))).scalar_one_or_none()
        return found
