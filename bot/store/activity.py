"""What happened in a scope, counted from the requests that are still stored."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, EmoteSource, Platform, RequestState
from bot.store.tables import request, vote
from bot.store.together import STATEMENT_TIMEOUT_S

DAY_S = 86_400
_COMBINATIONS = 1000  # of emotes asked for together, the most frequent ones


@dataclass(frozen=True, slots=True)
class Activity:
    """Answered requests: how many each day, oldest first, of which emotes, in which channels; the most first."""

    faces_a_day: Sequence[int]
    emotes: Sequence[tuple[Emote, int]]
    channels: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class LikedFace:
    """A face with votes, and where it is shown."""

    channel_id: str
    answer_ref: str
    emotes: tuple[Emote, ...]
    votes: int


class ActivityStore:
    """Reads only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def activity(self, platform: Platform, scope_id: str, first_day: int, days: int) -> Activity:
        """Of so many whole days; `first_day` counts days since 1970 in UTC."""
        since, until = first_day * DAY_S, (first_day + days) * DAY_S
        answered = (
            _in_scope(platform, scope_id),
            request.c.state == RequestState.ANSWERED.value,
            request.c.accepted_at >= since,
            request.c.accepted_at < until,
        )
        count = func.count().label("count")
        starts = [since + day * DAY_S for day in range(days)]
        each_day = [
            func.sum(case((request.c.accepted_at.between(start, start + DAY_S - 1e-6), 1), else_=0)) for start in starts
        ]
        emotes = cast(request.c.source_ref, Text)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            a_day = (await connection.execute(select(*each_day).where(*answered))).one()
            used = await connection.execute(
                select(emotes, count).where(*answered).group_by(emotes).order_by(count.desc()).limit(_COMBINATIONS)
            )
            channels = await connection.execute(
                select(request.c.channel_id, count)
                .where(*answered)
                .group_by(request.c.channel_id)
                .order_by(count.desc(), request.c.channel_id)
            )
            return Activity(
                [number or 0 for number in a_day],
                _by_emote([(row[0], row[1]) for row in used]),
                [(row[0], row[1]) for row in channels],
            )

    async def most_liked(self, platform: Platform, scope_id: str, limit: int) -> list[LikedFace]:
        """The faces with the most votes, of equals the newest first."""
        votes = func.count().label("votes")
        shown = (_in_scope(platform, scope_id), request.c.answer_ref.is_not(None))
        counted = (
            select(vote.c.request_id, votes).join(request, request.c.id == vote.c.request_id).where(*shown)
        ).group_by(vote.c.request_id)
        best = counted.order_by(votes.desc(), vote.c.request_id.desc()).limit(limit).subquery()
        query = (
            select(request.c.channel_id, request.c.answer_ref, request.c.source_ref, best.c.votes)
            .join(best, best.c.request_id == request.c.id)
            .order_by(best.c.votes.desc(), request.c.id.desc())
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            LikedFace(row.channel_id, row.answer_ref, tuple(map(Emote.from_json, row.source_ref)), row.votes)
            for row in rows
        ]


def _in_scope(platform: Platform, scope_id: str) -> ColumnElement[bool]:
    return (request.c.platform == platform.value) & (request.c.scope_id == scope_id)


def _by_emote(combinations: Sequence[tuple[str, int]]) -> list[tuple[Emote, int]]:
    """Each emote with everything it was asked for in; people's own pictures are not counted."""
    counts: Counter[tuple[EmoteSource, str]] = Counter()
    known: dict[tuple[EmoteSource, str], Emote] = {}
    for stored, times in combinations:
        for emote in _parts(json.loads(stored)):
            key = (emote.source, emote.id)
            counts[key] += times
            if emote.name or key not in known:
                known[key] = emote
    return [(known[key], times) for key, times in counts.most_common()]


def _parts(stored: list[dict[str, Any]]) -> list[Emote]:
    try:
        emotes = list(map(Emote.from_json, stored))
    except (KeyError, TypeError, ValueError):  # of another version of the program
        return []
    return [part for emote in emotes for part in emote.parts if not part.source.is_private]
