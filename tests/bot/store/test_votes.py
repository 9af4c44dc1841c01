"""One vote a person and face, taken back by voting again, gone with the request."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.store.requests import RequestStore
from bot.store.votes import Votes
from inference.protocol import FaceOptions

FACE, OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
DISCORD = Platform.DISCORD


@pytest.fixture
def votes(engine: AsyncEngine) -> Votes:
    return Votes(engine)


def finished(request_id: str, accepted_at: float) -> FaceRequest:
    return FaceRequest(
        id=request_id,
        origin=Origin(DISCORD, "1", "2", "3"),
        emotes=(Emote(EmoteSource.UNICODE, "1f602"),),
        options=FaceOptions(),
        accepted_at=accepted_at,
        deadline_at=accepted_at + 120,
        state=RequestState.ANSWERED,
    )


async def test_nobody_has_voted_at_first(votes: Votes) -> None:
    assert await votes.count(FACE) == 0


async def test_each_persons_vote_counts_once_and_voting_again_takes_it_back(votes: Votes) -> None:
    assert await votes.toggle(FACE, DISCORD, "ada") == 1
    assert await votes.toggle(FACE, DISCORD, "bob") == 2
    assert await votes.toggle(FACE, DISCORD, "ada") == 1
    assert await votes.toggle(FACE, DISCORD, "ada") == 2
    assert await votes.count(FACE) == 2


async def test_people_of_two_platforms_are_two_people(votes: Votes) -> None:
    await votes.toggle(FACE, DISCORD, "1")
    assert await votes.toggle(FACE, Platform.WEB, "1") == 2


async def test_a_vote_is_for_one_face(votes: Votes) -> None:
    await votes.toggle(FACE, DISCORD, "ada")
    assert await votes.count(OTHER) == 0


async def test_votes_are_forgotten_with_the_request_of_their_face(engine: AsyncEngine, votes: Votes) -> None:
    requests = RequestStore(engine)
    await requests.add(finished(FACE, accepted_at=1000.0))
    await requests.add(finished(OTHER, accepted_at=3000.0))
    await votes.toggle(FACE, DISCORD, "ada")
    await votes.toggle(OTHER, DISCORD, "ada")
    assert await requests.forget_old(2000.0) == 1
    assert (await votes.count(FACE), await votes.count(OTHER)) == (0, 1)
