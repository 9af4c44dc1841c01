"""Faces on the stage: in which state each is, and under which name in links. Everything else is the request's."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.models import Emote, FaceRequest, Origin, Platform
from bot.stage.face import StagedFace, StageState
from bot.store.tables import request, takedown, vote
from bot.store.tables import staged_face as table
from bot.store.together import STATEMENT_TIMEOUT_S, together
from inference.protocol import FaceOptions

SLUG_CHARS = 11  # of 58: 64 bits, which nobody guesses
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # none that look alike
_AT_ONCE = 500
_OF_REQUEST = ("channel_id", "parent_channel_id", "user_id", "source_ref", "options")
_STAGED = select(table, *(request.c[name] for name in _OF_REQUEST)).join_from(
    table, request, table.c.request_id == request.c.id
)


class StagedFaces:
    """Every method is one committed transaction; TimeoutError after 30 s without the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._together = together(engine)

    async def add(self, asked: FaceRequest, state: StageState, now: float, *, in_gallery: bool) -> StagedFace | None:
        """Put the face of this request on the stage, once: later calls change nothing. Returns how it stands; None when
        the request is gone."""
        name = asked.reply_target.get("asker_name")
        row = {
            "request_id": asked.id,
            "slug": "".join(secrets.choice(_ALPHABET) for _ in range(SLUG_CHARS)),
            "platform": asked.origin.platform.value,
            "scope_id": asked.origin.scope_id,
            "asker_name": name[:100] if isinstance(name, str) else None,
            "state": state.value,
            "at": now,
            "in_gallery": in_gallery,
        }

        async def work(connection: AsyncConnection) -> Row[Any] | None:
            is_there = select(table.c.request_id).where(table.c.request_id == asked.id)
            if (await connection.execute(is_there)).one_or_none() is None:
                await connection.execute(insert(table).values(row))
            return (await connection.execute(_STAGED.where(table.c.request_id == asked.id))).one_or_none()

        return _face(await self._together.do(work))

    async def get(self, request_id: str) -> StagedFace | None:
        return _face(await self._one(_STAGED.where(table.c.request_id == request_id)))

    async def by_slug(self, slug: str) -> StagedFace | None:
        return _face(await self._one(_STAGED.where(table.c.slug == slug)))

    async def last(self, scope_id: str) -> StagedFace | None:
        """The newest that is shown there."""
        return _face(await self._one(_STAGED.where(_in(scope_id, StageState.SHOWN)).order_by(table.c.at.desc())))

    async def pending(self, scope_id: str, limit: int) -> list[StagedFace]:
        """Those that wait for approval, oldest first."""
        return await self._all(_STAGED.where(_in(scope_id, StageState.PENDING)).order_by(table.c.at).limit(limit))

    async def recent(self, scope_id: str, since: float, limit: int) -> list[StagedFace]:
        """The newest `limit` that are shown since this moment or later, oldest first."""
        shown = _STAGED.where(_in(scope_id, StageState.SHOWN), table.c.at >= since)
        return (await self._all(shown.order_by(table.c.at.desc()).limit(limit)))[::-1]

    async def in_gallery(self, scope_id: str, limit: int) -> list[StagedFace]:
        """The newest there that may be in the gallery, newest first."""
        shown = _STAGED.where(_in(scope_id, StageState.SHOWN), table.c.in_gallery)
        return await self._all(shown.order_by(table.c.at.desc()).limit(limit))

    async def best_in_gallery(self, scope_id: str, limit: int) -> list[tuple[StagedFace, int]]:
        """Those of them that people voted for, with how many did; the best first, of equals the newest."""
        votes = func.count(vote.c.user_id)
        in_it = and_(_in(scope_id, StageState.SHOWN), table.c.in_gallery)
        voted = select(vote.c.request_id, votes.label("votes")).join(table, table.c.request_id == vote.c.request_id)
        counted = voted.where(in_it).group_by(vote.c.request_id).subquery()
        best = (
            _STAGED.add_columns(counted.c.votes)
            .join(counted, counted.c.request_id == table.c.request_id)
            .order_by(counted.c.votes.desc(), table.c.at.desc())
            .limit(limit)
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(best)).all()
        return [(face, row.votes) for row in rows if (face := _face(row))]

    async def changed_since(self, moment: float, limit: int) -> list[StagedFace]:
        """What came into its state at this moment or later, in any scope, oldest first."""
        return await self._all(_STAGED.where(table.c.at >= moment).order_by(table.c.at).limit(limit))

    async def approve(self, request_id: str, now: float) -> StagedFace | None:
        """From pending to shown; None when it was not pending."""
        pending = and_(table.c.request_id == request_id, table.c.state == StageState.PENDING.value)
        change = update(table).where(pending).values(state=StageState.SHOWN.value, at=now)
        if not await self._together.write(change):
            return None
        return await self.get(request_id)

    async def hide(self, request_ids: Collection[str], now: float, *, answers_too: bool = False) -> list[StagedFace]:
        """From whatever state to hidden; returns those that were not. With `answers_too` their answers are due to be
        removed, and every process is told to forget the drawn faces."""
        hidden: list[StagedFace] = []
        ids = list(request_ids)
        for at in range(0, len(ids), _AT_ONCE):
            hidden += await self._hide(ids[at : at + _AT_ONCE], now, answers_too=answers_too)
        return hidden

    async def _hide(self, request_ids: list[str], now: float, *, answers_too: bool) -> list[StagedFace]:
        meant = table.c.request_id.in_(request_ids)

        async def work(connection: AsyncConnection) -> list[Row[Any]]:
            visible = select(table.c.request_id).where(meant, table.c.state != StageState.HIDDEN.value)
            ids = list((await connection.execute(visible)).scalars())
            if ids:
                is_one = table.c.request_id.in_(ids)
                values = {"state": StageState.HIDDEN.value, "at": now, "asker_name": None, "in_gallery": False}
                await connection.execute(update(table).where(is_one).values(values))
            if answers_too:
                await _let_answers_go(connection, request_ids, now)
            return list((await connection.execute(_STAGED.where(table.c.request_id.in_(ids)))).all()) if ids else []

        rows = await self._together.do(work)
        return [face for row in rows if (face := _face(row))]

    async def sweep(self) -> int:
        """Delete those whose requests are no longer stored; how many."""
        orphaned = delete(table).where(~exists().where(request.c.id == table.c.request_id))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(orphaned)).rowcount

    async def _one(self, query: Select[Any]) -> Row[Any] | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row: Row[Any] | None = (await connection.execute(query.limit(1))).one_or_none()
        return row

    async def _all(self, query: Select[Any]) -> list[StagedFace]:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [face for row in rows if (face := _face(row))]


async def _let_answers_go(connection: AsyncConnection, request_ids: list[str], now: float) -> None:
    """Also an answer that is being posted just now: it is due as soon as it is there."""
    meant = request.c.id.in_(request_ids)
    await connection.execute(update(request).where(meant).values(remove_at=now))
    keys = (await connection.execute(select(request.c.key).where(meant, request.c.key.is_not(None)))).scalars().all()
    if keys:
        await connection.execute(insert(takedown), [{"key": key, "at": now} for key in keys])


def _in(scope_id: str, state: StageState) -> ColumnElement[bool]:
    return and_(table.c.scope_id == scope_id, table.c.state == state.value)


def _face(row: Row[Any] | None) -> StagedFace | None:
    if row is None:
        return None
    return StagedFace(
        row.request_id,
        row.slug,
        Origin(Platform(row.platform), row.scope_id, row.channel_id, row.user_id),
        row.parent_channel_id,
        tuple(map(Emote.from_json, row.source_ref)),
        FaceOptions.from_json(row.options),
        row.asker_name,
        row.at,
        StageState(row.state),
        row.in_gallery,
    )
