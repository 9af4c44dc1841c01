"""Accounts of Twitch that let the bot act for them, with their tokens; and which conduit is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.sealing import Sealer, Unsealable
from bot.store.tables import twitch_account as table
from bot.store.tables import twitch_conduit
from bot.store.together import STATEMENT_TIMEOUT_S, together

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """What an account is for us. One account may be both, with a token for each."""

    BOT = "bot"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class AccountKey:
    """One token of one account."""

    user_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class TwitchAccount:
    """`scopes` are those that the token has. `ends_at` and `since` are Unix seconds. The tokens are in no `repr`."""

    key: AccountKey
    login: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scopes: frozenset[str]
    ends_at: float
    since: float


class TwitchAccounts:
    """Every method is one committed transaction."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def save(self, account: TwitchAccount) -> None:
        """New, or in place of what there was. There is one bot: it replaces another account that was."""
        key = account.key
        is_bot = table.c.role == Role.BOT.value
        same = is_bot if key.role is Role.BOT else (table.c.role == key.role.value) & (table.c.user_id == key.user_id)
        row = {
            "user_id": key.user_id,
            "role": key.role.value,
            "login": account.login,
            "access_token": self._sealer.seal(account.access_token),
            "refresh_token": self._sealer.seal(account.refresh_token),
            "scopes": sorted(account.scopes),
            "ends_at": account.ends_at,
            "since": account.since,
        }
        await together(self._engine).write(delete(table).where(same), insert(table).values(row))

    async def all(self) -> Sequence[TwitchAccount]:
        """In the order they came. One that cannot be read, because the key changed, has to log in again."""
        query = select(table).order_by(table.c.since, table.c.user_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [account for row in rows if (account := self._read(row)) is not None]

    async def get(self, key: AccountKey) -> TwitchAccount | None:
        """The account, if it is there and can be read."""
        query = select(table).where(table.c.user_id == key.user_id, table.c.role == key.role.value)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else self._read(row)

    async def forget(self, key: AccountKey) -> None:
        """The account has left."""
        is_it = (table.c.user_id == key.user_id) & (table.c.role == key.role.value)
        await together(self._engine).write(delete(table).where(is_it))

    async def conduit_id(self) -> str | None:
        """Which of the application's conduits is ours."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(select(twitch_conduit.c.id))).scalar_one_or_none()

    async def keep_conduit(self, conduit_id: str) -> None:
        """From now on this one."""
        await together(self._engine).write(delete(twitch_conduit), insert(twitch_conduit).values(id=conduit_id))

    async def forget_conduit(self) -> None:
        """There is none any more."""
        await together(self._engine).write(delete(twitch_conduit))

    def _read(self, row: Row[Any]) -> TwitchAccount | None:
        try:
            access, refresh = self._sealer.unseal(row.access_token), self._sealer.unseal(row.refresh_token)
        except Unsealable:
            log.error("twitch_account_unreadable", user_id=row.user_id, role=row.role)
            return None
        return TwitchAccount(
            AccountKey(row.user_id, Role(row.role)),
            row.login,
            access,
            refresh,
            frozenset(row.scopes),
            row.ends_at,
            row.since,
        )
