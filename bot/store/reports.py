"""Faces that somebody thinks should not be there, and those that operators took down."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform
from bot.store.tables import report as table
from bot.store.tables import request, takedown
from bot.store.together import STATEMENT_TIMEOUT_S, writing


class Reason(StrEnum):
    """Why; the values are stored."""

    PERSON = "person"
    SEXUAL = "sexual"
    HATE = "hate"
    VIOLENCE = "violence"
    OTHER = "other"


class ReportState(StrEnum):
    """The values are stored."""

    OPEN = "open"
    TAKEN_DOWN = "taken_down"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody's, about the face of a request, made in this channel. `at` in Unix seconds."""

    id: str
    request_id: str
    platform: Platform
    scope_id: str
    channel_id: str
    reporter_id: str
    reason: Reason
    at: float
    state: ReportState = ReportState.OPEN


class Reports:
    """Every method is one committed transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, report: Report) -> bool:
        """False when the same person has reported this face before; then nothing is added."""
        again = (
            (table.c.request_id == report.request_id)
            & (table.c.platform == report.platform.value)
            & (table.c.reporter_id == report.reporter_id)
        )
        row = {
            "id": report.id,
            "request_id": report.request_id,
            "platform": report.platform.value,
            "scope_id": report.scope_id,
            "channel_id": report.channel_id,
            "reporter_id": report.reporter_id,
            "reason": report.reason.value,
            "state": report.state.value,
            "at": report.at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
            if (await connection.execute(select(table.c.id).where(again).limit(1))).first() is not None:
                return False
            await connection.execute(insert(table).values(row))
            return True

    async def open_of(self, platform: Platform, reporter_id: str) -> int:
        """How many reports of this person wait."""
        theirs = (table.c.platform == platform.value) & (table.c.reporter_id == reporter_id)
        query = select(func.count()).select_from(table).where(theirs, table.c.state == ReportState.OPEN.value)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def open(self, limit: int, after: str = "") -> list[Report]:
        """Those that wait, the oldest first; `after` this one."""
        waiting = (table.c.state == ReportState.OPEN.value) & (table.c.id > after)
        query = select(table).where(waiting).order_by(table.c.id).limit(limit)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [_report(row) for row in (await connection.execute(query)).all()]

    async def count_open(self) -> int:
        """How many wait."""
        query = select(func.count()).select_from(table).where(table.c.state == ReportState.OPEN.value)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def get(self, report_id: str) -> Report | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.id == report_id))).one_or_none()
        return _report(row) if row else None

    async def close(self, request_ids: Collection[str], state: ReportState) -> int:
        """All open reports about these faces end like this; how many did."""
        about = table.c.request_id.in_(request_ids) & (table.c.state == ReportState.OPEN.value)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(update(table).where(about).values(state=state.value))).rowcount

    async def take_down(self, key: str | None, request_id: str, now: float) -> list[str]:
        """Every request with this face: its answers are due to be removed, and caches are told to forget it. Returns
        the ids of the requests."""
        same = request.c.id == request_id if key is None else request.c.key == key
        due = update(request).where(same, request.c.answer_ref.is_not(None)).values(remove_at=now)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(due)
            if key is not None:
                await connection.execute(insert(takedown).values(key=key, at=now))
            return list((await connection.execute(select(request.c.id).where(same))).scalars())

    async def last_takedown(self) -> int:
        """The number of the newest."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            number: int = (await connection.execute(select(func.coalesce(func.max(takedown.c.id), 0)))).scalar_one()
        return number

    async def taken_down_since(self, number: int) -> list[tuple[int, str]]:
        """Numbers and keys of those after this number."""
        query = select(takedown.c.id, takedown.c.key).where(takedown.c.id > number).order_by(takedown.c.id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [(row.id, row.key) for row in (await connection.execute(query)).all()]

    async def sweep(self, before: float) -> int:
        """Delete what is older; returns how many reports that were."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(takedown).where(takedown.c.at < before))
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount


def _report(row: Row[Any]) -> Report:
    return Report(
        row.id,
        row.request_id,
        Platform(row.platform),
        row.scope_id,
        row.channel_id,
        row.reporter_id,
        Reason(row.reason),
        row.at,
        ReportState(row.state),
    )
