"""Accepted requests: a request is accepted once `add` has returned, and is then answered whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, Select, Update, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.models import Emote, FaceRequest, Origin, Place, Platform, RequestState
from bot.store.personal import NOBODY
from bot.store.tables import request as table
from bot.store.tables import vote
from bot.store.together import STATEMENT_TIMEOUT_S, Write, together
from bot.store.usage import Limited, Usage, count_usage
from inference.protocol import FaceOptions

log = structlog.get_logger(__name__)

_AT_ONCE = 500  # rows changed in one transaction, for nobody waits long for it
_MOST = 1000  # in one answer
_ACCEPTING = 0x656D6F7465  # the number of the lock; any, as long as all processes take the same
_FINAL = [state.value for state in RequestState if state.is_final]
_BEFORE: dict[RequestState, tuple[RequestState, ...]] = {
    RequestState.QUEUED: (RequestState.ACCEPTED, RequestState.QUEUED),
    RequestState.READY: (RequestState.ACCEPTED, RequestState.QUEUED),
    RequestState.SENDING: (RequestState.ACCEPTED, RequestState.QUEUED, RequestState.READY, RequestState.SENDING),
    RequestState.ANSWERED: (RequestState.SENDING,),
    RequestState.REFUSED: (RequestState.SENDING,),
    RequestState.CANCELLED: (RequestState.ACCEPTED, RequestState.QUEUED, RequestState.READY),
}
# built once: that takes longer than running them
_BY_ID = select(table).where(table.c.id == bindparam("of"))
_INSERT = insert(table)


class RequestStore:
    """The request table. Every method is one committed transaction; TimeoutError after 30 s without the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._together = together(engine)

    async def add(self, request: FaceRequest, limits: Limited | None = None) -> None:
        """Accept the request: when this returns, it is committed.

        Raise what `limits` raise; then it is not. Of several processes one counts and inserts at a time, so that two
        cannot both take the last place: in SQLite whoever inserts first holds the lock for writing until the commit, in
        PostgreSQL there is a lock for the purpose.
        """

        async def work(connection: AsyncConnection) -> None:
            if limits is not None and connection.dialect.name == "postgresql":
                await connection.execute(select(func.pg_advisory_xact_lock(_ACCEPTING)))
            await connection.execute(_INSERT, _values(request))
            if limits is not None:
                limits.check(await count_usage(connection, request.origin, limits, request.id), request.cost)

        await self._together.do(work)

    async def usage(self, origin: Origin, limits: Limited) -> Usage:
        """What there is now; by the time of `add` it may be more."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return await count_usage(connection, origin, limits)

    async def get(self, request_id: str) -> FaceRequest | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(_BY_ID, {"of": request_id})).one_or_none()
        return _request(row) if row else None

    async def answered_as(self, platform: Platform, answer_ref: str) -> list[FaceRequest]:
        """The requests whose answer the platform calls this."""
        return await self._all(select(table).where(_on(platform), table.c.answer_ref == answer_ref))

    async def asked_as(self, platform: Platform, question_refs: Collection[str]) -> list[FaceRequest]:
        """The requests that these messages made."""
        return await self._all(select(table).where(_on(platform), table.c.question_ref.in_(question_refs)))

    async def to_remove(self, platform: Platform, now: float, limit: int) -> list[FaceRequest]:
        """Requests whose answers' time has come, those longest overdue first."""
        due = select(table).where(_on(platform), table.c.remove_at <= now, table.c.answer_ref.is_not(None))
        return await self._all(due.order_by(table.c.remove_at).limit(limit))

    async def asked_in(self, place: Place, since: float, user_id: str | None = None) -> list[FaceRequest]:
        """What was asked there from this Unix time on, by this person or by anybody; at most the newest 1000, the
        oldest first."""
        query = select(table).where(_at(place), table.c.accepted_at >= since)
        if user_id is not None:
            query = query.where(table.c.user_id == user_id)
        return (await self._all(query.order_by(table.c.accepted_at.desc()).limit(_MOST)))[::-1]

    async def in_place(self, place: Place, since: float) -> dict[str, str | None]:
        """The ids of all that were asked there from this Unix time on, and the keys of their faces."""
        query = select(table.c.id, table.c.key).where(_at(place), table.c.accepted_at >= since)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return {row.id: row.key for row in await connection.execute(query)}

    async def remove_in(self, place: Place, since: float, now: float) -> int:
        """The answers there that were asked for from `since` on are due to be removed; return how many."""
        due = update(table).where(_at(place), table.c.accepted_at >= since, table.c.answer_ref.is_not(None))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(due.values(remove_at=now))).rowcount

    async def overdue_in(self, place: Place, now: float) -> int:
        """How many answers there are still to be removed."""
        query = select(func.count()).where(_at(place), table.c.remove_at <= now, table.c.answer_ref.is_not(None))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def forget_answer(self, request_id: str) -> None:
        """The answer is no longer there; of somebody who is forgotten, nothing that led to it is needed any more."""
        is_this = table.c.id == request_id
        gone = update(table).where(is_this).values(answer_ref=None, remove_at=None)
        unneeded = update(table).where(is_this, table.c.user_id == NOBODY).values(reply_target={}, question_ref=None)
        await self._together.write(gone, unneeded)

    async def advance(self, request_id: str, state: RequestState, **values: str | float | None) -> bool:
        """Move on to `state` and set further columns; False when the request is not where this step can start.

        The check and the change are one statement, so that of a cancel and a send only one wins.
        """
        return await self._together.write(self.step(request_id, state, **values)) == 1

    def step(self, request_id: str, state: RequestState, **values: str | float | None) -> Write:
        """What `advance` writes, for another store to commit together with something of its own."""
        return _step(state, tuple(values)), {"of": request_id} | {f"new_{name}": values[name] for name in values}

    async def keep_until(self, request_id: str, remove_at: float) -> None:
        """The answer is due then, unless it is sooner already."""
        is_later = or_(table.c.remove_at.is_(None), table.c.remove_at > remove_at)
        await self._together.write(update(table).where(table.c.id == request_id, is_later).values(remove_at=remove_at))

    async def set_reply_target(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """Replace what the deliverer needs to answer."""
        await self._change(request_id, reply_target=dict(reply_target))

    async def unfinished_of(self, platform: Platform, user_id: str) -> list[FaceRequest]:
        """What this person is waiting for."""
        theirs = select(table).where(_on(platform), table.c.user_id == user_id, table.c.state.not_in(_FINAL))
        return await self._all(theirs)

    async def unfinished(self) -> list[FaceRequest]:
        """Everything accepted and not yet in a final state, oldest first."""
        return await self._all(select(table).where(table.c.state.not_in(_FINAL)).order_by(table.c.id))

    async def forget_old(self, accepted_before: float) -> int:
        """Delete requests accepted before this Unix time, and the votes on their faces; return how many. Also what was
        never finished, because the platform it came from was switched off."""
        old = delete(table).where(table.c.accepted_at < accepted_before)
        orphaned = delete(vote).where(vote.c.request_id.not_in(select(table.c.id)))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            gone = (await connection.execute(old)).rowcount
            if gone:
                await connection.execute(orphaned)
            return gone

    async def forget_secrets(self, since: float, before: float) -> int:
        """Empty the tokens of finished requests accepted in this span; whatever else is in their reply targets stays.
        Return how many."""
        has_token = table.c.reply_target["token"].as_string() != ""
        in_span = and_(table.c.accepted_at >= since, table.c.accepted_at < before)
        query = select(table.c.id, table.c.reply_target).where(in_span, table.c.state.in_(_FINAL), has_token)
        change = update(table).where(table.c.id == bindparam("of")).values(reply_target=bindparam("target"))
        gone = 0
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        for at in range(0, len(rows), _AT_ONCE):
            emptied = [{"of": row.id, "target": row.reply_target | {"token": ""}} for row in rows[at : at + _AT_ONCE]]
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                await connection.execute(change, emptied)
            gone += len(emptied)
        return gone

    async def _all(self, query: Select[Any]) -> list[FaceRequest]:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [request for row in rows if (request := _readable(row))]

    async def _change(self, request_id: str, **values: Any) -> None:
        await self._together.write(update(table).where(table.c.id == request_id).values(**values))


@lru_cache(maxsize=64)
def _step(state: RequestState, names: tuple[str, ...]) -> Update:
    may_start = or_(*(table.c.state == before.value for before in _BEFORE[state]))
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return update(table).where(table.c.id == bindparam("of"), may_start).values(state=state.value, **values)


def _at(place: Place) -> ColumnElement[bool]:
    there = and_(_on(place.platform), table.c.scope_id == place.scope_id)
    return there if place.channel_id is None else and_(there, table.c.channel_id == place.channel_id)


def _on(platform: Platform) -> ColumnElement[bool]:
    return table.c.platform == platform.value


def _values(request: FaceRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "platform": request.origin.platform.value,
        "scope_id": request.origin.scope_id,
        "channel_id": request.origin.channel_id,
        "user_id": request.origin.user_id,
        "source_ref": [emote.to_json() for emote in request.emotes],
        "options": request.options.to_json(),
        "reply_target": dict(request.reply_target),
        "key": request.key,
        "state": request.state.value,
        "locale": request.locale,
        "cost": request.cost,
        "accepted_at": request.accepted_at,
        "deadline_at": request.deadline_at,
        "answer_ref": request.answer_ref,
        "refusal": request.refusal,
        "question_ref": request.question_ref,
        "keep_s": request.keep_s,
        "remove_at": request.remove_at,
        "parent_channel_id": request.parent_channel_id,
    }


def _readable(row: Row[Any]) -> FaceRequest | None:
    """The request; None for one of another version of the program, which must not keep this one from starting."""
    try:
        return _request(row)
    except (KeyError, TypeError, ValueError):
        log.exception("request_unreadable", request_id=row.id)
        return None


def _request(row: Row[Any]) -> FaceRequest:
    return FaceRequest(
        id=row.id,
        origin=Origin(Platform(row.platform), row.scope_id, row.channel_id, row.user_id),
        emotes=tuple(map(Emote.from_json, row.source_ref)),
        options=FaceOptions.from_json(row.options),
        accepted_at=row.accepted_at,
        deadline_at=row.deadline_at,
        state=RequestState(row.state),
        locale=row.locale,
        cost=row.cost,
        reply_target=row.reply_target,
        key=row.key,
        answer_ref=row.answer_ref,
        refusal=row.refusal,
        keep_s=row.keep_s,
        remove_at=row.remove_at,
        parent_channel_id=row.parent_channel_id,
    )
