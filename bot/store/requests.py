"""Accepted requests: a request is accepted once `add` has returned, and is then answered whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, FaceRequest, Origin, Platform, RequestState
from bot.store.tables import request as table
from inference.protocol import FaceOptions

log = structlog.get_logger(__name__)

STATEMENT_TIMEOUT_S = 30
_FINAL = [state.value for state in RequestState if state.is_final]
_BEFORE: dict[RequestState, tuple[RequestState, ...]] = {
    RequestState.QUEUED: (RequestState.ACCEPTED, RequestState.QUEUED),
    RequestState.READY: (RequestState.ACCEPTED, RequestState.QUEUED),
    RequestState.SENDING: (RequestState.ACCEPTED, RequestState.QUEUED, RequestState.READY, RequestState.SENDING),
    RequestState.ANSWERED: (RequestState.SENDING,),
    RequestState.REFUSED: (RequestState.SENDING,),
    RequestState.CANCELLED: (RequestState.ACCEPTED, RequestState.QUEUED, RequestState.READY),
}


class RequestStore:
    """The request table. Every method is one committed transaction; TimeoutError after 30 s without the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, request: FaceRequest) -> None:
        """Accept the request: when this returns, it is committed."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(insert(table).values(_values(request)))

    async def get(self, request_id: str) -> FaceRequest | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.id == request_id))).one_or_none()
        return _request(row) if row else None

    async def answered_as(self, platform: Platform, answer_ref: str) -> FaceRequest | None:
        """The request whose answer the platform calls this."""
        query = select(table).where(table.c.platform == platform.value, table.c.answer_ref == answer_ref)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return _request(row) if row else None

    async def advance(self, request_id: str, state: RequestState, **values: str | float | None) -> bool:
        """Move on to `state` and set further columns; False when the request is not where this step can start.

        The check and the change are one statement, so that of a cancel and a send only one wins.
        """
        allowed = [before.value for before in _BEFORE[state]]
        step = (
            update(table)
            .where(table.c.id == request_id, table.c.state.in_(allowed))
            .values(state=state.value, **values)
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(step)).rowcount == 1

    async def set_reply_target(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """Replace what the deliverer needs to answer."""
        change = update(table).where(table.c.id == request_id).values(reply_target=dict(reply_target))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(change)

    async def unfinished(self) -> list[FaceRequest]:
        """Everything accepted and not yet in a final state, oldest first."""
        query = select(table).where(table.c.state.not_in(_FINAL)).order_by(table.c.id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [request for row in rows if (request := _readable(row))]

    async def forget_finished(self, accepted_before: float) -> int:
        """Delete finished requests accepted before this Unix time; return how many."""
        old = delete(table).where(table.c.state.in_(_FINAL), table.c.accepted_at < accepted_before)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(old)).rowcount


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
        "accepted_at": request.accepted_at,
        "deadline_at": request.deadline_at,
        "answer_ref": request.answer_ref,
        "refusal": request.refusal,
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
        reply_target=row.reply_target,
        key=row.key,
        answer_ref=row.answer_ref,
        refusal=row.refusal,
    )
