"""Redemptions in the store: heard once, decided once, and never lost over a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.stage.face import StageState
from bot.store.redemptions import OwnReward, Redeemed, Redemptions, RedemptionState
from bot.store.requests import RequestStore
from bot.store.staged_faces import StagedFaces
from inference.protocol import FaceOptions

SCOPE = "twitch:12"
HEARD = Redeemed("redemption", SCOPE, "reward", 5.0)
FACE = "01FACE"


@pytest.fixture
def redemptions(engine: AsyncEngine) -> Redemptions:
    return Redemptions(engine)


async def ask(engine: AsyncEngine, state: RequestState, target: Mapping[str, Any] | None = None) -> FaceRequest:
    origin = Origin(Platform.TWITCH, SCOPE, "12", "4711")
    emotes = (Emote(EmoteSource.TWITCH, "25", "Kappa"),)
    request = FaceRequest(FACE, origin, emotes, FaceOptions(), 5.0, 125.0, state=state, reply_target=target or {})
    await RequestStore(engine).add(request)
    return request


async def waiting(redemptions: Redemptions) -> list[RedemptionState]:
    return [each.state for each in await redemptions.to_settle(10)]


async def test_a_redemption_is_heard_once(redemptions: Redemptions) -> None:
    assert [await redemptions.add(HEARD) for _ in range(2)] == [True, False]
    assert await redemptions.known(["redemption", "another"]) == {"redemption"}


async def test_what_is_decided_stays_so_until_twitch_knows(redemptions: Redemptions) -> None:
    await redemptions.add(HEARD)
    assert await redemptions.decide(HEARD.id, RedemptionState.REFUND)
    assert not await redemptions.decide(HEARD.id, RedemptionState.FULFIL)
    assert await waiting(redemptions) == [RedemptionState.REFUND]
    assert await redemptions.to_settle(10, "twitch:13") == []
    await redemptions.settled(HEARD.id, RedemptionState.REFUNDED)
    assert await waiting(redemptions) == []


@pytest.mark.parametrize(
    ("answer", "face", "outcome"),
    [
        (RequestState.QUEUED, None, []),
        (RequestState.SENDING, StageState.SHOWN, [RedemptionState.FULFIL]),
        (RequestState.REFUSED, StageState.SHOWN, [RedemptionState.FULFIL]),  # chat did not hear of it
        (RequestState.ANSWERED, StageState.SHOWN, [RedemptionState.FULFIL]),
        (RequestState.ANSWERED, None, [RedemptionState.FULFIL]),
        (RequestState.ANSWERED, StageState.PENDING, []),
        (RequestState.ANSWERED, StageState.HIDDEN, [RedemptionState.REFUND]),
        (RequestState.REFUSED, None, [RedemptionState.REFUND]),
        (RequestState.CANCELLED, None, [RedemptionState.REFUND]),
    ],
)
async def test_what_is_shown_is_paid_for_and_nothing_else(
    redemptions: Redemptions,
    engine: AsyncEngine,
    answer: RequestState,
    face: StageState | None,
    outcome: list[RedemptionState],
) -> None:
    await redemptions.add(HEARD)
    await redemptions.asked(HEARD.id, FACE)
    request = await ask(engine, answer)
    if face is not None:
        await StagedFaces(engine).add(request, face, 6.0, in_gallery=False)
    await redemptions.decide_finished()
    assert await waiting(redemptions) == outcome


async def test_of_a_request_that_is_forgotten_the_points_go_back(redemptions: Redemptions) -> None:
    await redemptions.add(HEARD)
    await redemptions.asked(HEARD.id, FACE)
    await redemptions.decide_finished()
    assert await waiting(redemptions) == [RedemptionState.REFUND]


async def test_after_a_crash_while_asking_the_request_is_found_or_it_is_as_if_nothing_had_been(
    redemptions: Redemptions, engine: AsyncEngine
) -> None:
    await redemptions.add(HEARD)
    await redemptions.add(Redeemed("another", SCOPE, "reward", 5.0))
    await ask(engine, RequestState.ANSWERED, {"redemption_id": HEARD.id})
    await redemptions.add(Redeemed("still at work", SCOPE, "reward", 7.0))
    await redemptions.take_up(before=6.0)
    assert await redemptions.known(["still at work"])
    assert await redemptions.known([HEARD.id, "another"]) == {HEARD.id}
    await redemptions.decide_finished()
    assert await waiting(redemptions) == [RedemptionState.FULFIL]


async def test_a_channel_that_leaves_gets_all_back_and_one_that_is_lost_nothing_is_told_of(
    redemptions: Redemptions,
) -> None:
    await redemptions.add(HEARD)
    await redemptions.refund_all(SCOPE)
    assert await waiting(redemptions) == [RedemptionState.REFUND]
    await redemptions.lose(SCOPE)
    assert await waiting(redemptions) == []
    assert await redemptions.sweep(6.0) == 1


async def test_a_channel_has_one_reward(redemptions: Redemptions) -> None:
    await redemptions.set_reward(OwnReward(SCOPE, "one", {"cost": 1}, paused=False))
    other = OwnReward(SCOPE, "other", {"cost": 2}, paused=True)
    await redemptions.set_reward(other)
    assert await redemptions.rewards() == {SCOPE: other}
    await redemptions.forget_reward(SCOPE)
    assert await redemptions.rewards() == {}
