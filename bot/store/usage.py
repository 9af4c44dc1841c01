"""How much is asked for right now and was drawn today: what limits are checked against, in every process the same.

The rows of the requests are their own counters, so nothing can be miscounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import Origin, RequestState
from bot.store.tables import request as table

DAY_S = 86_400.0  # of Unix time, so days begin at midnight UTC
LONGEST_COOLDOWN_S = 3600.0
_WAITING = [RequestState.ACCEPTED.value, RequestState.QUEUED.value, RequestState.READY.value]
_FREE = [RequestState.REFUSED.value, RequestState.CANCELLED.value]


@dataclass(frozen=True, slots=True)
class Usage:
    """`waiting` are accepted requests without a face yet: all there are, of the scope, of the channel, of the user
    anywhere on the platform, of the user in this scope. `last_asked_at` is when the user last asked here, None for
    longer ago than any cooldown; `cost_today` what the scope has had drawn since midnight UTC."""

    waiting: int = 0
    waiting_in_scope: int = 0
    waiting_in_channel: int = 0
    waiting_of_user: int = 0
    waiting_of_user_here: int = 0
    last_asked_at: float | None = None
    cost_today: int = 0


class Limited(Protocol):
    """What a request is held against; `bot.policy.limits.Limits`.

    What was accepted before `live_since` waits for nothing any more (its process was killed, its platform is off) and
    does not count.
    """

    @property
    def now(self) -> float: ...

    @property
    def live_since(self) -> float: ...

    def check(self, usage: Usage, cost: int) -> None:
        """Raise a FaceError when one more of this cost is too much."""
        ...


async def count_usage(connection: AsyncConnection, origin: Origin, limits: Limited, but_id: str = "") -> Usage:
    """All but the request `but_id`, in one statement."""
    values = {
        "platform": origin.platform.value,
        "scope": origin.scope_id,
        "channel": origin.channel_id,
        "user": origin.user_id,
        "but": but_id,
        "live_since": limits.live_since,
        "today": limits.now - limits.now % DAY_S,
        "recently": limits.now - LONGEST_COOLDOWN_S,
    }
    return Usage(*(await connection.execute(_COUNTS, values)).one())


def _number_of(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


def _counts() -> Select[Any]:
    on, another = table.c.platform == bindparam("platform"), table.c.id != bindparam("but")
    here, user = and_(on, table.c.scope_id == bindparam("scope")), and_(on, table.c.user_id == bindparam("user"))
    user_here = and_(user, table.c.scope_id == bindparam("scope"))
    is_waiting = or_(*(table.c.state == state for state in _WAITING))
    waiting = and_(is_waiting, table.c.accepted_at > bindparam("live_since"), another)
    today = and_(here, table.c.accepted_at >= bindparam("today"), another)
    recently = and_(user_here, table.c.accepted_at > bindparam("recently"), another)
    is_paid = and_(*(table.c.state != state for state in _FREE))
    return select(
        _number_of(waiting),
        _number_of(waiting, here),
        _number_of(waiting, here, table.c.channel_id == bindparam("channel")),
        _number_of(waiting, user),
        _number_of(waiting, user_here),
        select(func.max(table.c.accepted_at)).where(recently).scalar_subquery(),
        select(func.coalesce(func.sum(table.c.cost), 0)).where(today, is_paid).scalar_subquery(),
    )


_COUNTS = _counts()  # once: building it takes longer than running it
