"""Counting what a scope did, with the real database."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.store.activity import DAY_S, ActivityStore, LikedFace
from bot.store.requests import RequestStore
from bot.store.votes import Votes
from inference.protocol import FaceOptions

KAPPA = Emote(EmoteSource.BTTV, "1", "Kappa")
JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
PHOTO = Emote(EmoteSource.UPLOAD, "u")
TODAY = 20_000
numbers = itertools.count()


def asked(*emotes: Emote, day: float = 0, scope: str = "guild", channel: str = "1", **changes: Any) -> FaceRequest:
    """An answered request, so many days before today."""
    accepted_at = (TODAY - day) * DAY_S + 3600.0
    values = {"state": RequestState.ANSWERED, "answer_ref": "77"} | changes
    origin = Origin(Platform.DISCORD, scope, channel, "ada")
    return FaceRequest(f"01{next(numbers):024}", origin, emotes, FaceOptions(), accepted_at, accepted_at, **values)


@pytest.fixture
def store(engine: AsyncEngine) -> ActivityStore:
    return ActivityStore(engine)


async def accepted(engine: AsyncEngine, *requests: FaceRequest) -> None:
    for request in requests:
        await RequestStore(engine).add(request)


async def test_faces_are_counted_by_day_emote_and_channel(engine: AsyncEngine, store: ActivityStore) -> None:
    await accepted(
        engine,
        asked(KAPPA),
        asked(KAPPA, JOY, channel="2"),
        asked(Emote(EmoteSource.BTTV, "1"), day=2),
        asked(PHOTO, day=2, channel="2"),
        asked(JOY, day=2, channel="2"),
    )
    found = await store.activity(Platform.DISCORD, "guild", TODAY - 2, 3)
    assert list(found.faces_a_day) == [3, 0, 2]
    assert list(found.emotes) == [(KAPPA, 3), (JOY, 2)], "one emote under its name; nobody's photos"
    assert list(found.channels) == [("2", 3), ("1", 2)]


async def test_what_is_older_elsewhere_or_without_an_answer_does_not_count(
    engine: AsyncEngine, store: ActivityStore
) -> None:
    await accepted(
        engine,
        asked(KAPPA, day=3),
        asked(KAPPA, day=-1),
        asked(KAPPA, scope="other guild"),
        asked(KAPPA, state=RequestState.REFUSED),
    )
    found = await store.activity(Platform.DISCORD, "guild", TODAY - 2, 3)
    assert (list(found.faces_a_day), list(found.emotes), list(found.channels)) == ([0, 0, 0], [], [])


async def test_midnight_belongs_to_the_new_day(engine: AsyncEngine, store: ActivityStore) -> None:
    await accepted(engine, *(asked(KAPPA, day=at / DAY_S + 1 / 24) for at in (0.0, 0.5, DAY_S)))
    found = await store.activity(Platform.DISCORD, "guild", TODAY - 1, 2)
    assert list(found.faces_a_day) == [2, 1], "half a second before midnight is yesterday"


async def test_the_faces_with_most_stars_come_first_the_newest_of_equals(
    engine: AsyncEngine, store: ActivityStore
) -> None:
    first, second, third, gone, foreign = (
        asked(KAPPA),
        asked(JOY),
        asked(KAPPA, JOY, channel="2"),
        asked(KAPPA, answer_ref=None),
        asked(KAPPA, scope="other guild"),
    )
    await accepted(engine, first, second, third, gone, foreign)
    votes = Votes(engine)
    for request, voters in ((first, "a"), (second, "b"), (third, "abc"), (gone, "abcd"), (foreign, "abcd")):
        for voter in voters:
            await votes.toggle(request.id, Platform.DISCORD, voter)
    assert await store.most_liked(Platform.DISCORD, "guild", 10) == [
        LikedFace("2", "77", (KAPPA, JOY), 3),
        LikedFace("1", "77", (JOY,), 1),
        LikedFace("1", "77", (KAPPA,), 1),
    ]
    assert len(await store.most_liked(Platform.DISCORD, "guild", 1)) == 1
