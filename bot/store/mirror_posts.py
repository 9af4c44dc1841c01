"""What is to be shown in a mirroring channel, what was, and what has to go: once each, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.stage.face import StageState
from bot.store.tables import mirror_post as table
from bot.store.tables import staged_face
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import put_once

_LOOKED_AT = 200  # open posts among which a process looks for its own


class PostState(StrEnum):
    """due → posting → posted → removing → removed, or failed. The values are stored."""

    DUE = "due"
    POSTING = "posting"  # may be there already
    POSTED = "posted"
    REMOVING = "removing"
    REMOVED = "removed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class MirrorPost:
    """`state` is that of the moment before it was claimed; `message_id` what Discord calls it, once that is known."""

    request_id: str
    channel_id: str
    from_scope_id: str
    scope_id: str
    at: float
    state: PostState = PostState.DUE
    message_id: str | None = None


_OPEN = [PostState.DUE.value, PostState.POSTING.value, PostState.REMOVING.value]
_SHOWN = [PostState.DUE.value, PostState.POSTING.value, PostState.POSTED.value]


class MirrorPosts:
    """Every method is one committed transaction, `claim` one each try. Times are Unix seconds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, post: MirrorPost) -> bool:
        """False when it was added before."""
        row = {
            "request_id": post.request_id,
            "channel_id": post.channel_id,
            "from_scope_id": post.from_scope_id,
            "scope_id": post.scope_id,
            "state": PostState.DUE.value,
            "at": post.at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(put_once(connection, table).values(row))).rowcount == 1

    async def hide(self, request_id: str) -> int:
        """From now on it is to go from everywhere; return from how many channels."""
        return await self._hide(table.c.request_id == request_id)

    async def hide_hidden(self) -> int:
        """As `hide`, of everything that was hidden while nobody heard of it."""
        hidden = select(staged_face.c.request_id).where(staged_face.c.state == StageState.HIDDEN.value)
        return await self._hide(table.c.request_id.in_(hidden))

    async def claim(self, now: float, until: float, owns: Callable[[str], bool]) -> MirrorPost | None:
        """The oldest there is something to do about, in a server that this process `owns`; None without one.

        What nobody brought to an end is claimed again after `until`.
        """
        free = and_(table.c.state.in_(_OPEN), table.c.claimed_until <= now)
        query = select(table).where(free).order_by(table.c.at, table.c.request_id).limit(_LOOKED_AT)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        for row in filter(lambda row: owns(row.scope_id), rows):
            state = PostState.POSTING if row.state == PostState.DUE.value else PostState(row.state)
            values = {"claimed_until": until, "state": state.value}
            claiming = update(table).where(_is(row), table.c.state == row.state, free).values(values)
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                claimed = (await connection.execute(claiming)).rowcount
            if claimed:
                return _post(row)
        return None

    async def posted(self, post: MirrorPost, message_id: str) -> None:
        """It is there. Where somebody wanted it gone meanwhile, it is free to be removed."""
        state = case((table.c.state == PostState.POSTING.value, PostState.POSTED.value), else_=table.c.state)
        await self._change(post, state=state, message_id=message_id, claimed_until=0.0)

    async def end(self, post: MirrorPost, state: PostState) -> None:
        """There is nothing more to do about it."""
        await self._change(post, state=state.value)

    async def later(self, post: MirrorPost, at: float) -> None:
        """Not again before then."""
        await self._change(post, claimed_until=at)

    async def sweep(self, before: float) -> int:
        """Delete what is older; return how many."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount

    async def _hide(self, which: ColumnElement[bool]) -> int:
        state = case((table.c.state == PostState.DUE.value, PostState.FAILED.value), else_=PostState.REMOVING.value)
        change = update(table).where(table.c.state.in_(_SHOWN), which).values(state=state)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(change)).rowcount

    async def _change(self, post: MirrorPost, **values: Any) -> None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(update(table).where(_is(post)).values(**values))


def _is(post: MirrorPost | Row[Any]) -> ColumnElement[bool]:
    return and_(table.c.request_id == post.request_id, table.c.channel_id == post.channel_id)


def _post(row: Row[Any]) -> MirrorPost:
    return MirrorPost(
        row.request_id,
        row.channel_id,
        row.from_scope_id,
        row.scope_id,
        row.at,
        PostState(row.state),
        row.message_id,
    )
