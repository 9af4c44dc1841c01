"""What counts against limits, and that of several processes no two take the last place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import Busy
from bot.models import FaceRequest, Origin, Platform, RequestState
from bot.store.database import open_database
from bot.store.requests import RequestStore
from bot.store.usage import DAY_S, Usage
from inference.protocol import FaceOptions
from tests.fakes.serving import JOY

NOON = 20_000 * DAY_S + DAY_S / 2
HERE = Origin(Platform.DISCORD, "1", "10", "100")


@dataclass(frozen=True)
class Most:
    """So many at once in a scope."""

    waiting: int = 10**9
    now: float = NOON
    live_since: float = NOON - 1000

    def check(self, usage: Usage, cost: int) -> None:
        if usage.waiting_in_scope >= self.waiting:
            raise Busy(1)


def asked(number: int, **changes: Any) -> FaceRequest:
    request = FaceRequest(f"{number:026}", HERE, (JOY,), FaceOptions(), NOON - 5, NOON + 60, cost=3)
    return replace(request, **changes)


async def test_requests_count_where_they_were_asked_and_by_whom(engine: AsyncEngine) -> None:
    requests = RequestStore(engine)
    others = [
        Origin(Platform.DISCORD, "1", "11", "100"),
        Origin(Platform.DISCORD, "1", "10", "101"),
        Origin(Platform.DISCORD, "2", "20", "100"),
        Origin(Platform.WEB, "1", "10", "100"),
    ]
    for number, origin in enumerate([HERE, *others]):
        await requests.add(asked(number, origin=origin, accepted_at=NOON - 9 + number))
    assert await requests.usage(HERE, Most()) == Usage(
        waiting=5,
        waiting_in_scope=3,
        waiting_in_channel=2,
        waiting_of_user=3,
        waiting_of_user_here=2,
        last_asked_at=NOON - 8,
        cost_today=9,
    )


async def test_what_has_its_face_waits_no_more_and_what_was_refused_costs_nothing(engine: AsyncEngine) -> None:
    requests = RequestStore(engine)
    for number, state in enumerate(RequestState):
        await requests.add(asked(number, state=state))
    usage = await requests.usage(HERE, Most())
    assert (usage.waiting, usage.cost_today) == (3, 3 * (len(RequestState) - 2))


async def test_what_nobody_carries_on_with_and_yesterday_do_not_count(engine: AsyncEngine) -> None:
    requests = RequestStore(engine)
    midnight = NOON - DAY_S / 2
    for number, accepted_at in enumerate((NOON - 1001, midnight, midnight - 1, NOON - DAY_S - 1)):
        await requests.add(asked(number, accepted_at=accepted_at))
    assert await requests.usage(HERE, Most()) == Usage(last_asked_at=NOON - 1001, cost_today=6)


async def test_what_is_refused_at_the_last_moment_leaves_no_row(engine: AsyncEngine) -> None:
    requests = RequestStore(engine)
    await requests.add(asked(1), Most(1))
    with pytest.raises(Busy):
        await requests.add(asked(2), Most(1))
    assert [request.id for request in await requests.unfinished()] == [asked(1).id]


async def test_of_several_processes_no_two_take_the_last_place(url: str) -> None:
    async with asyncio.timeout(60), open_database(url) as one, open_database(url) as two:
        stores = [RequestStore(one), RequestStore(two)]
        adding = [stores[number % 2].add(asked(number), Most(5)) for number in range(24)]
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert outcomes.count(None) == 5
        assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 19
        assert len(await stores[0].unfinished()) == 5
