"""Which Discord channels show the faces of which Twitch channels, and the codes by which both sides agree to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import AuditEntry, write_down
from bot.store.mirror_posts import PostState
from bot.store.tables import mirror_code, mirror_link, mirror_post, mirror_try
from bot.store.together import STATEMENT_TIMEOUT_S, writing
from bot.store.upsert import put


@dataclass(frozen=True, slots=True)
class Offer:
    """A channel that may be linked to whichever Twitch channel the code is given in; `digest` is the code's."""

    digest: str
    scope_id: str
    channel_id: str
    user_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class MirrorLink:
    """Faces of `from_scope_id`, a Twitch channel called `from_name`, are shown in the Discord channel `channel_id` of
    the server `scope_id`."""

    from_scope_id: str
    from_name: str
    scope_id: str
    channel_id: str
    linked_at: float


class TooManyLinks(Exception):
    """One of the two sides has as many as it may."""


class Mirrors:
    """Every method is one committed transaction; times are Unix seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def offer(self, offer: Offer) -> None:
        """In place of an earlier one for the same channel."""
        row = {
            "digest": offer.digest,
            "scope_id": offer.scope_id,
            "channel_id": offer.channel_id,
            "user_id": offer.user_id,
            "expires_at": offer.expires_at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(mirror_code).where(mirror_code.c.channel_id == offer.channel_id))
            await connection.execute(insert(mirror_code).values(row))

    async def note_try(self, scope_id: str, at: float, since: float) -> int:
        """Somebody gave a code there; return how often that happened from `since` on, with this one."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(insert(mirror_try).values({"scope_id": scope_id, "at": at}))
            await connection.execute(delete(mirror_try).where(mirror_try.c.at < since))
            recent = select(func.count()).where(mirror_try.c.scope_id == scope_id, mirror_try.c.at >= since)
            return (await connection.execute(recent)).scalar_one()

    async def take_offer(self, digest: str, now: float) -> Offer | None:
        """It is used up; None for one that is unknown or too old."""
        is_this = mirror_code.c.digest == digest
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
            row = (await connection.execute(select(mirror_code).where(is_this))).one_or_none()
            taken = (await connection.execute(delete(mirror_code).where(is_this))).rowcount
        if row is None or not taken or row.expires_at <= now:
            return None
        return Offer(row.digest, row.scope_id, row.channel_id, row.user_id, row.expires_at)

    async def link(self, link: MirrorLink, most: int, entries: Iterable[AuditEntry]) -> None:
        """Once; a link that exists is renewed. Raise TooManyLinks for more than `most` on either side."""
        row = {
            "from_scope_id": link.from_scope_id,
            "from_name": link.from_name,
            "scope_id": link.scope_id,
            "channel_id": link.channel_id,
            "linked_at": link.linked_at,
        }
        sides = (mirror_link.c.from_scope_id == link.from_scope_id, mirror_link.c.channel_id == link.channel_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(mirror_link).where(*sides))
            for side in sides:
                there = select(func.count()).select_from(mirror_link).where(side)
                if (await connection.execute(there)).scalar_one() >= most:
                    raise TooManyLinks
            await connection.execute(put(connection, mirror_link).values(row))
            for entry in entries:
                await write_down(connection, entry)

    async def unlink(self, link: MirrorLink, entries: Iterable[AuditEntry]) -> bool:
        """False, and nothing written down, when there is no such link. What was not posted yet never will be."""
        this = (link.from_scope_id, link.channel_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            if not (await connection.execute(delete(mirror_link).where(_is(mirror_link, *this)))).rowcount:
                return False
            due = and_(_is(mirror_post, *this), mirror_post.c.state == PostState.DUE.value)
            await connection.execute(update(mirror_post).where(due).values(state=PostState.FAILED.value))
            for entry in entries:
                await write_down(connection, entry)
        return True

    async def of_channel(self, channel_id: str) -> list[MirrorLink]:
        """Whose faces are shown there."""
        return await self._links(mirror_link.c.channel_id == channel_id)

    async def of_twitch(self, from_scope_id: str) -> list[MirrorLink]:
        """Where its faces are shown."""
        return await self._links(mirror_link.c.from_scope_id == from_scope_id)

    async def linked(self) -> set[str]:
        """The Twitch channels whose faces are shown anywhere."""
        query = select(mirror_link.c.from_scope_id).distinct()
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def sweep(self, now: float) -> int:
        """Offers that are over go; return how many."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(mirror_code).where(mirror_code.c.expires_at <= now))).rowcount

    async def _links(self, which: ColumnElement[bool]) -> list[MirrorLink]:
        query = select(mirror_link).where(which).order_by(mirror_link.c.linked_at, mirror_link.c.channel_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return list(map(_link, (await connection.execute(query)).all()))


def _is(table: Any, from_scope_id: str, channel_id: str) -> ColumnElement[bool]:
    return and_(table.c.from_scope_id == from_scope_id, table.c.channel_id == channel_id)


def _link(row: Row[Any]) -> MirrorLink:
    return MirrorLink(row.from_scope_id, row.from_name, row.scope_id, row.channel_id, row.linked_at)
