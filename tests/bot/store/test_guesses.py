"""Rounds and scores, with the real database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.guessing.round import GuessRound, RoundState
from bot.models import Platform
from bot.store.guesses import NOBODY, GuessStore, Running, Score
from tests.bot.guessing.rounds import HERE, OPEN, ROUND, elsewhere


@pytest.fixture
def store(engine: AsyncEngine) -> GuessStore:
    return GuessStore(engine)


async def opened(store: GuessStore, round_: GuessRound = ROUND) -> GuessRound:
    assert await store.claim(round_)
    assert await store.open(round_.id, "7", 100.0, 130.0)
    found = await store.get(round_.id)
    assert found is not None
    return found


async def won(store: GuessStore, number: int, user_id: str, points: int, now: float = 110.0) -> None:
    round_ = await opened(store, elsewhere(ROUND, number))
    assert await store.win(replace(round_, winner_id=user_id, decided_at=now), points=points)


async def test_a_round_comes_back_as_it_was_stored(store: GuessStore) -> None:
    assert await opened(store) == OPEN


async def test_a_channel_has_one_round_at_a_time(store: GuessStore) -> None:
    assert await store.claim(ROUND)
    second = replace(ROUND, id="01ROUND0000000000000000002")
    assert not await store.claim(second)
    assert await store.claim(elsewhere(ROUND, 3))
    assert await store.drop(ROUND.id, 95.0)
    assert await store.claim(second)


async def test_many_claims_at_once_have_one_winner(store: GuessStore) -> None:
    wanted = [replace(ROUND, id=f"01ROUND{number:019}") for number in range(8)]
    assert sorted(await asyncio.gather(*map(store.claim, wanted))) == [False] * 7 + [True]


async def test_of_many_right_guesses_at_once_one_wins(store: GuessStore) -> None:
    round_ = await opened(store)
    guesses = [replace(round_, winner_id=f"user {number}", decided_at=110.0) for number in range(8)]
    outcomes = await asyncio.gather(*(store.win(guess, points=2) for guess in guesses))
    assert sorted(outcomes) == [False] * 7 + [True]
    winner = f"user {outcomes.index(True)}"
    decided = await store.get(round_.id)
    assert decided is not None
    assert (decided.state, decided.winner_id) == (RoundState.WON, winner)
    assert await store.best(Platform.DISCORD, "guild", 10) == [Score(1, winner, 2, 1)]


async def test_a_round_is_missed_or_won_never_both(store: GuessStore) -> None:
    round_ = await opened(store)
    guess = replace(round_, winner_id="ada", decided_at=129.0)
    outcomes = await asyncio.gather(store.win(guess, points=2), store.miss(round_.id, 130.0))
    assert sorted(outcomes) == [False, True]
    assert bool(await store.best(Platform.DISCORD, "guild", 10)) is outcomes[0]


async def test_a_round_is_opened_once(store: GuessStore) -> None:
    await opened(store)
    assert not await store.open(ROUND.id, "8", 200.0, 230.0)
    assert await store.get(ROUND.id) == OPEN


async def test_scores_add_up_and_places_are_shared(store: GuessStore) -> None:
    await won(store, 1, "ada", 2)
    await won(store, 2, "ada", 1)
    await won(store, 3, "bob", 2)
    await won(store, 4, "bob", 1)
    await won(store, 5, "cyd", 1)
    best = await store.best(Platform.DISCORD, "guild", 10)
    assert best == [Score(1, "ada", 3, 2), Score(1, "bob", 3, 2), Score(3, "cyd", 1, 1)]
    assert await store.score(Platform.DISCORD, "guild", "cyd") == best[2]
    assert await store.best(Platform.DISCORD, "guild", 2) == best[:2]
    assert await store.score(Platform.DISCORD, "guild", "dan") is None
    assert await store.best(Platform.DISCORD, "other guild", 10) == []


async def test_the_running_rounds_are_counted(store: GuessStore) -> None:
    assert await store.running(Platform.DISCORD, "guild") == Running(0, 0)
    await opened(store)
    await store.claim(elsewhere(ROUND, 2))
    await store.claim(elsewhere(ROUND, 3, scope_id="other guild"))
    await store.miss(ROUND.id, 130.0)
    assert await store.running(Platform.DISCORD, "guild") == Running(2, 1)


async def test_the_last_decision_of_a_channel_is_known(store: GuessStore) -> None:
    assert await store.last_decided(Platform.DISCORD, "channel") is None
    await store.claim(ROUND)
    await store.drop(ROUND.id, 95.0)
    assert await store.last_decided(Platform.DISCORD, "channel") is None, "a face that never came is no round"
    await opened(store, replace(ROUND, id="01ROUND0000000000000000002"))
    await store.miss("01ROUND0000000000000000002", 130.0)
    assert await store.last_decided(Platform.DISCORD, "channel") == 130.0


async def test_what_an_earlier_run_left_is_found(store: GuessStore) -> None:
    drawing, open_, shown, dropped = (elsewhere(ROUND, number) for number in range(4))
    await store.claim(drawing)
    await opened(store, open_)
    await opened(store, shown)
    await store.miss(shown.id, 130.0)
    assert [round_.id for round_ in await store.unfinished(Platform.DISCORD)] == [drawing.id, open_.id, shown.id]
    await store.set_revealed(shown.id)
    await store.claim(dropped)
    await store.drop(dropped.id, 95.0)
    assert [round_.id for round_ in await store.unfinished(Platform.DISCORD)] == [drawing.id, open_.id]
    assert await store.unfinished(Platform.WEB) == []


async def test_lost_and_old_rounds_go(store: GuessStore) -> None:
    await store.claim(ROUND)
    await opened(store, elsewhere(ROUND, 2))
    await store.drop_lost(made_before=91.0, now=1000.0)
    assert await store.forget_finished(made_before=91.0) == 1
    assert await store.get(ROUND.id) is None
    assert await store.get(elsewhere(ROUND, 2).id) is not None, "an open one is not lost"


async def test_whoever_wants_to_be_forgotten_is(store: GuessStore) -> None:
    await won(store, 1, "ada", 2)
    await won(store, 2, "bob", 2)
    await opened(store, replace(ROUND, origin=replace(HERE, user_id="ada")))
    await store.forget(Platform.DISCORD, "ada")
    assert [score.user_id for score in await store.best(Platform.DISCORD, "guild", 10)] == ["bob"]
    for round_id in (ROUND.id, elsewhere(ROUND, 1).id):
        round_ = await store.get(round_id)
        assert round_ is not None
        assert "ada" not in {round_.origin.user_id, round_.winner_id}
        assert NOBODY in {round_.origin.user_id, round_.winner_id}


async def test_what_is_on_screen_is_open_or_was_just_decided(store: GuessStore) -> None:
    await store.claim(ROUND)  # is still drawn
    await opened(store, elsewhere(ROUND, 1))
    await won(store, 2, "ada", 1, now=110.0)
    await won(store, 3, "ada", 1, now=104.0)
    await opened(store, elsewhere(ROUND, 4, scope_id="another"))
    shown = await store.on_screen(HERE.scope_id, decided_since=105.0)
    assert {round_.origin.channel_id for round_ in shown} == {"channel 1", "channel 2"}
