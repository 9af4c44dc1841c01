"""Rounds of the guessing game and their scores. Of everything that decides a round, only one statement can succeed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, case, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.guessing.round import GuessRound, RoundState
from bot.models import Emote, Origin, Platform
from bot.store.personal import NOBODY
from bot.store.tables import guess_round as rounds
from bot.store.tables import guess_score as scores
from bot.store.together import STATEMENT_TIMEOUT_S
from bot.store.upsert import inserting

_ACTIVE = rounds.c.state.in_([RoundState.DRAWING.value, RoundState.OPEN.value])
_ON_SCREEN = 16
_DECIDED = [state.value for state in RoundState if state.is_decided]


@dataclass(frozen=True, slots=True)
class Running:
    """Rounds that are not over."""

    everywhere: int
    in_scope: int


@dataclass(frozen=True, slots=True)
class Score:
    """What somebody has guessed in a scope; `place` 1 is the best, and who have the same share it."""

    place: int
    user_id: str
    points: int
    rounds: int


class GuessStore:
    """Every method is one committed transaction; TimeoutError after 30 s without the database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, round_: GuessRound) -> bool:
        """Make it the channel's round; False while there is another."""
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                await connection.execute(insert(rounds).values(_values(round_)))
        except IntegrityError:
            return False
        return True

    async def get(self, round_id: str) -> GuessRound | None:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(rounds).where(rounds.c.id == round_id))).one_or_none()
        return _round(row) if row else None

    async def set_request(self, round_id: str, request_id: str) -> None:
        """Which request draws its face."""
        await self._run(update(rounds).where(rounds.c.id == round_id).values(request_id=request_id))

    async def open(self, round_id: str, message_ref: str, opened_at: float, ends_at: float) -> bool:
        """From now on it can be won; False when its face was posted or given up before."""
        values = {"message_ref": message_ref, "opened_at": opened_at, "ends_at": ends_at}
        return await self._run(_step(round_id, RoundState.DRAWING, RoundState.OPEN).values(values))

    async def win(self, won: GuessRound, *, points: int) -> bool:
        """Its winner's, with the points for it; False when it is over already: of two right guesses one wins."""
        step = _step(won.id, RoundState.OPEN, RoundState.WON)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            decided = await connection.execute(step.values(winner_id=won.winner_id, decided_at=won.decided_at))
            if decided.rowcount != 1:
                return False
            await _add_points(connection, won, points)
            return True

    async def miss(self, round_id: str, now: float) -> bool:
        """Over without a winner; False when it was over already."""
        return await self._run(_step(round_id, RoundState.OPEN, RoundState.MISSED).values(decided_at=now))

    async def drop(self, round_id: str, now: float) -> bool:
        """Its face never came; False when it did."""
        return await self._run(_step(round_id, RoundState.DRAWING, RoundState.DROPPED).values(decided_at=now))

    async def drop_lost(self, made_before: float, now: float) -> None:
        """Give up on faces that nobody awaits any more."""
        lost = (rounds.c.state == RoundState.DRAWING.value) & (rounds.c.made_at < made_before)
        await self._run(update(rounds).where(lost).values(state=RoundState.DROPPED.value, decided_at=now))

    async def set_revealed(self, round_id: str) -> None:
        """Everybody sees how it ended."""
        await self._run(update(rounds).where(rounds.c.id == round_id).values(revealed=True))

    async def on_screen(self, scope_id: str, decided_since: float) -> list[GuessRound]:
        """Those of a scope that can be guessed, or were decided since this moment; oldest first, a few at most."""
        recent = (rounds.c.state == RoundState.OPEN.value) | (rounds.c.decided_at >= decided_since)
        shown = rounds.c.state.in_([RoundState.OPEN.value, *_DECIDED])
        query = select(rounds).where(rounds.c.scope_id == scope_id, shown, recent).order_by(rounds.c.opened_at)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [_round(row) for row in await connection.execute(query.limit(_ON_SCREEN))]

    async def running(self, platform: Platform, scope_id: str) -> Running:
        """How many rounds there are just now."""
        in_scope = (rounds.c.platform == platform.value) & (rounds.c.scope_id == scope_id)
        query = select(func.count(), func.coalesce(func.sum(case((in_scope, 1), else_=0)), 0)).where(_ACTIVE)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            everywhere, here = (await connection.execute(query)).one()
        return Running(everywhere, here)

    async def of_channel(self, platform: Platform, channel_id: str) -> GuessRound | None:
        """The round that is not over, if there is one."""
        here = (rounds.c.platform == platform.value) & (rounds.c.channel_id == channel_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(rounds).where(here, _ACTIVE))).one_or_none()
        return _round(row) if row else None

    async def last_decided(self, platform: Platform, channel_id: str) -> float | None:
        """When the channel's last round was won or missed."""
        query = select(func.max(rounds.c.decided_at)).where(
            rounds.c.platform == platform.value, rounds.c.channel_id == channel_id, rounds.c.state.in_(_DECIDED)
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            decided_at: float | None = (await connection.execute(query)).scalar_one()
        return decided_at

    async def unfinished(self, platform: Platform) -> list[GuessRound]:
        """Rounds that go on, and those whose end is not shown."""
        unshown = rounds.c.state.in_(_DECIDED) & rounds.c.revealed.is_(False)
        query = select(rounds).where(rounds.c.platform == platform.value, _ACTIVE | unshown).order_by(rounds.c.id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [_round(row) for row in (await connection.execute(query)).all()]

    async def forget_finished(self, made_before: float) -> int:
        """Delete rounds that are over; scores stay."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(rounds).where(~_ACTIVE, rounds.c.made_at < made_before))).rowcount

    async def best(self, platform: Platform, scope_id: str, limit: int) -> list[Score]:
        """The scope's best players, best first."""
        order = (scores.c.points.desc(), scores.c.rounds.desc(), scores.c.last_won_at)
        query = select(_place(), scores).where(_in_scope(platform, scope_id)).order_by(*order).limit(limit)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return [_score(row) for row in (await connection.execute(query)).all()]

    async def score(self, platform: Platform, scope_id: str, user_id: str) -> Score | None:
        """Somebody's own; None for who has never won there."""
        ranked = select(_place(), scores).where(_in_scope(platform, scope_id)).subquery()
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(ranked).where(ranked.c.user_id == user_id))).one_or_none()
        return _score(row) if row else None

    async def forget(self, platform: Platform, user_id: str) -> None:
        """Everything about a person: scores in all scopes, and their part in rounds, which become nobody's."""
        theirs = (scores.c.platform == platform.value) & (scores.c.user_id == user_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(scores).where(theirs))
            for column in (rounds.c.user_id, rounds.c.winner_id):
                part = (rounds.c.platform == platform.value) & (column == user_id)
                await connection.execute(update(rounds).where(part).values({column: NOBODY}))

    async def _run(self, statement: Update) -> bool:
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(statement)).rowcount == 1


def _step(round_id: str, before: RoundState, after: RoundState) -> Update:
    """The check and the change are one statement."""
    return update(rounds).where(rounds.c.id == round_id, rounds.c.state == before.value).values(state=after.value)


async def _add_points(connection: AsyncConnection, won: GuessRound, points: int) -> None:
    new = inserting(connection, scores).values(
        platform=won.origin.platform.value,
        scope_id=won.origin.scope_id,
        user_id=won.winner_id,
        points=points,
        rounds=1,
        last_won_at=won.decided_at,
    )
    more = {
        "points": scores.c.points + new.excluded.points,
        "rounds": scores.c.rounds + 1,
        "last_won_at": new.excluded.last_won_at,
    }
    await connection.execute(new.on_conflict_do_update(index_elements=list(scores.primary_key), set_=more))


def _place() -> ColumnElement[int]:
    return func.rank().over(order_by=scores.c.points.desc()).label("place")


def _in_scope(platform: Platform, scope_id: str) -> ColumnElement[bool]:
    return (scores.c.platform == platform.value) & (scores.c.scope_id == scope_id)


def _score(row: Row[Any]) -> Score:
    return Score(row.place, row.user_id, row.points, row.rounds)


def _values(round_: GuessRound) -> dict[str, Any]:
    return {
        "id": round_.id,
        "platform": round_.origin.platform.value,
        "scope_id": round_.origin.scope_id,
        "channel_id": round_.origin.channel_id,
        "user_id": round_.origin.user_id,
        "emote": round_.emote.to_json(),
        "answers": sorted(round_.answers),
        "mask": round_.mask,
        "locale": round_.locale,
        "state": round_.state.value,
        "made_at": round_.made_at,
        "request_id": round_.request_id,
        "message_ref": round_.message_ref,
        "opened_at": round_.opened_at,
        "ends_at": round_.ends_at,
        "winner_id": round_.winner_id,
        "decided_at": round_.decided_at,
        "revealed": round_.revealed,
    }


def _round(row: Row[Any]) -> GuessRound:
    return GuessRound(
        id=row.id,
        origin=Origin(Platform(row.platform), row.scope_id, row.channel_id, row.user_id),
        emote=Emote.from_json(row.emote),
        answers=frozenset(row.answers),
        mask=row.mask,
        made_at=row.made_at,
        locale=row.locale,
        state=RoundState(row.state),
        request_id=row.request_id,
        message_ref=row.message_ref,
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        winner_id=row.winner_id,
        decided_at=row.decided_at,
        revealed=row.revealed,
    )
