"""Rewards of the bot's own, and what became of each redemption: points are never kept for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Platform, RequestState
from bot.stage.face import StageState
from bot.store.tables import redemption as table
from bot.store.tables import request, staged_face
from bot.store.tables import twitch_reward as reward_table
from bot.store.together import STATEMENT_TIMEOUT_S, writing
from bot.store.upsert import put, put_once

_FEW = 500


class RedemptionState(StrEnum):
    """heard → asked → fulfil → fulfilled, or refund → refunded; lost where Twitch takes neither. The values are
    stored."""

    HEARD = "heard"
    ASKED = "asked"  # its request is accepted
    FULFIL = "fulfil"  # decided, and to be told to Twitch
    REFUND = "refund"
    FULFILLED = "fulfilled"
    REFUNDED = "refunded"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`at` is when it was redeemed, in Unix seconds. Who did is in its request."""

    id: str
    scope_id: str
    reward_id: str
    at: float
    state: RedemptionState = RedemptionState.HEARD
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class OwnReward:
    """`set_to` are the values that Twitch was last told, so that a broadcaster's own changes there stay."""

    scope_id: str
    reward_id: str
    set_to: Mapping[str, Any]
    paused: bool


_OPEN = [RedemptionState.HEARD.value, RedemptionState.ASKED.value]
_DECIDED = [RedemptionState.FULFIL.value, RedemptionState.REFUND.value]


class Redemptions:
    """Every method is one committed transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, redeemed: Redeemed) -> bool:
        """False for one that is known already: the same may be heard of several times."""
        row = {
            "id": redeemed.id,
            "scope_id": redeemed.scope_id,
            "reward_id": redeemed.reward_id,
            "request_id": redeemed.request_id,
            "state": redeemed.state.value,
            "at": redeemed.at,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(put_once(connection, table).values(row))).rowcount == 1

    async def known(self, ids: Collection[str]) -> set[str]:
        """Those of these that were heard of."""
        found: set[str] = set()
        listed = list(ids)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            for at in range(0, len(listed), _FEW):
                query = select(table.c.id).where(table.c.id.in_(listed[at : at + _FEW]))
                found |= set((await connection.execute(query)).scalars())
        return found

    async def asked(self, redemption_id: str, request_id: str) -> None:
        """Its request is accepted."""
        values = {"state": RedemptionState.ASKED.value, "request_id": request_id}
        await self._change(redemption_id, [RedemptionState.HEARD.value], values)

    async def decide(self, redemption_id: str, state: RedemptionState) -> bool:
        """FULFIL or REFUND, once; False when that is decided already."""
        return await self._change(redemption_id, _OPEN, {"state": state.value})

    async def settled(self, redemption_id: str, state: RedemptionState) -> None:
        """Twitch knows."""
        await self._change(redemption_id, _DECIDED, {"state": state.value})

    async def to_settle(
        self, limit: int, scope_id: str | None = None, *, without: Collection[str] = ()
    ) -> list[Redeemed]:
        """Decided, and not told to Twitch yet, in one channel or all; the oldest first. `without` some thousands at
        most."""
        return await self._listed(_DECIDED, limit, scope_id, without)

    async def take_up(self, before: float) -> None:
        """What was redeemed before then and got stuck: what got as far as a request has one, what did not is as good as
        never heard of."""
        heard = [each for each in await self._listed([RedemptionState.HEARD.value]) if each.at < before]
        for each in heard:
            named = request.c.reply_target["redemption_id"].as_string() == each.id
            asked = (request.c.platform == Platform.TWITCH.value) & (request.c.scope_id == each.scope_id) & named
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), writing(self._engine).begin() as connection:
                request_id = (await connection.execute(select(request.c.id).where(asked).limit(1))).scalar_one_or_none()
                is_this = (table.c.id == each.id) & (table.c.state == RedemptionState.HEARD.value)
                if request_id is None:
                    await connection.execute(delete(table).where(is_this))
                else:
                    values = {"state": RedemptionState.ASKED.value, "request_id": request_id}
                    await connection.execute(update(table).where(is_this).values(values))

    async def decide_finished(self) -> int:
        """Of all whose request has come to its end: fulfilled is what is shown, whether or not the answer in chat was
        taken; what waits for a moderator stays open; anything else is refunded. Return how many were decided."""
        query = (
            select(table.c.id, request.c.state.label("answer"), staged_face.c.state.label("face"))
            .select_from(
                table.outerjoin(request, request.c.id == table.c.request_id).outerjoin(
                    staged_face, staged_face.c.request_id == table.c.request_id
                )
            )
            .where(table.c.state == RedemptionState.ASKED.value)
        )
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        decided = [(row.id, state) for row in rows if (state := _outcome(row.answer, row.face)) is not None]
        return sum([await self.decide(redemption_id, state) for redemption_id, state in decided])

    async def refund_all(self, scope_id: str) -> None:
        """Whatever is open in this channel."""
        change = update(table).where(table.c.scope_id == scope_id, table.c.state.in_(_OPEN))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(change.values(state=RedemptionState.REFUND.value))

    async def lose(self, scope_id: str) -> None:
        """Twitch takes nothing about this channel any more."""
        unsettled = update(table).where(table.c.scope_id == scope_id, table.c.state.in_([*_OPEN, *_DECIDED]))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(unsettled.values(state=RedemptionState.LOST.value))

    async def sweep(self, before: float) -> int:
        """Delete what is older; return how many."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(delete(table).where(table.c.at < before))).rowcount

    async def rewards(self) -> dict[str, OwnReward]:
        """All there are, by scope."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(select(reward_table))).all()
        return {row.scope_id: OwnReward(row.scope_id, row.reward_id, row.set_to, row.paused) for row in rows}

    async def set_reward(self, reward: OwnReward) -> None:
        """In place of the one before."""
        row = {
            "scope_id": reward.scope_id,
            "reward_id": reward.reward_id,
            "set_to": dict(reward.set_to),
            "paused": reward.paused,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(put(connection, reward_table).values(row))

    async def forget_reward(self, scope_id: str) -> None:
        """It is no longer there."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(reward_table).where(reward_table.c.scope_id == scope_id))

    async def _listed(
        self,
        states: list[str],
        limit: int | None = None,
        scope_id: str | None = None,
        without: Collection[str] = (),
    ) -> list[Redeemed]:
        query = select(table).where(table.c.state.in_(states)).order_by(table.c.at, table.c.id).limit(limit)
        if without:
            query = query.where(table.c.id.not_in(without))
        if scope_id is not None:
            query = query.where(table.c.scope_id == scope_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            return list(map(_redeemed, (await connection.execute(query)).all()))

    async def _change(self, redemption_id: str, states: list[str], values: Mapping[str, Any]) -> bool:
        change = update(table).where(table.c.id == redemption_id, table.c.state.in_(states)).values(dict(values))
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return (await connection.execute(change)).rowcount == 1


def _outcome(answer: str | None, face: str | None) -> RedemptionState | None:
    """None while nobody can tell. A request that is forgotten will never be answered."""
    if face == StageState.SHOWN.value:
        return RedemptionState.FULFIL
    if face == StageState.PENDING.value or (answer is not None and not RequestState(answer).is_final):
        return None
    is_answered = answer == RequestState.ANSWERED.value and face is None
    return RedemptionState.FULFIL if is_answered else RedemptionState.REFUND


def _redeemed(row: Row[Any]) -> Redeemed:
    return Redeemed(row.id, row.scope_id, row.reward_id, row.at, RedemptionState(row.state), row.request_id)
