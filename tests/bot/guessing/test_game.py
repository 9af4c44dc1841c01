"""The whole game without a platform: a real store, a face service that accepts, a board that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from bot.command import FaceCommand
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.chat import Guessable
from bot.errors import Busy, FaceError, FlaggedEmote, GuessingOff, RoundRunning, RoundTooSoon, TooManyRequests
from bot.guessing.game import Game
from bot.guessing.parts import GameParts
from bot.guessing.round import EARLY_POINTS, GuessRound, RoundState
from bot.models import ANYBODY, Emote, FaceRequest, Origin, Platform, RequestState, Standing
from bot.policy.settings import EffectiveSettings
from bot.store.guesses import GuessStore, Score
from config.settings import GuessingSettings
from inference.protocol import Format, Layout, Style
from tests.bot.emotes.shelves import Clock
from tests.bot.guessing.rounds import HERE, KAPPA, ROUND, elsewhere
from tests.fakes.databases import fresh_database
from tests.fakes.policies import server_settings
from tests.polling import until

SETTINGS = GuessingSettings(round_s=30, pause_s=5, max_rounds=3, max_rounds_per_scope=2)


@dataclass
class Faces:
    """Accepts what it is asked, unless `refusals` has an error for it."""

    refusals: list[FaceError] = field(default_factory=list)
    asked: list[tuple[FaceCommand, tuple[Emote, ...], Mapping[str, Any]]] = field(default_factory=list)
    requests: dict[str, FaceRequest] = field(default_factory=dict)

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        standing: Standing = ANYBODY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        if self.refusals:
            raise self.refusals.pop(0)
        self.asked.append((command, uploads, reply_target or {}))
        request = FaceRequest(f"request {len(self.asked)}", origin, uploads, command.options, 0.0, 120.0)
        self.requests[request.id] = request
        return request

    async def request(self, request_id: str) -> FaceRequest | None:
        return self.requests.get(request_id)


class Emotes:
    """Always draws Kappa."""

    async def guessable(self, origin: Origin, nearby: Catalogue = EMPTY) -> Guessable:
        return Guessable(KAPPA, ("Kappa",))


@dataclass
class Board:
    """Remembers what it was told to show."""

    shown: list[tuple[str, RoundState | None, bool]] = field(default_factory=list)

    async def hint(self, round_: GuessRound) -> None:
        self.shown.append(("hint", None, False))

    async def reveal(self, round_: GuessRound, *, late: bool) -> None:
        self.shown.append(("end", round_.state, late))


@dataclass
class Setup:
    game: Game
    faces: Faces
    store: GuessStore
    clock: Clock
    board: Board

    async def opened(self, origin: Origin = HERE) -> GuessRound:
        started = await self.game.start(origin, lambda round_id: {"round_id": round_id})
        round_ = await self.game.opened(started.id, "7")
        assert round_ is not None
        return round_

    def restarted(self) -> Game:
        return game(self.faces, self.store, self.clock)


@dataclass
class Settings:
    """What admins have chosen."""

    guess_enabled: bool = True

    async def effective(
        self, scope_id: str, channel_id: str | None = None, parent_channel_id: str | None = None
    ) -> EffectiveSettings:
        chosen = {"guess_enabled": self.guess_enabled, "style": "cursed", "layout": "strip"}
        return EffectiveSettings.model_validate(server_settings(**chosen).model_dump())


def game(faces: Faces, store: GuessStore, clock: Clock, policy: Settings | None = None, **settings: float) -> Game:
    parts = GameParts(Emotes(), faces, policy or Settings(), store)
    return Game(parts, SETTINGS.model_copy(update=settings), clock=clock, random=Random(3))


@pytest.fixture
async def setup() -> AsyncIterator[Setup]:
    async with fresh_database() as engine:
        faces, store, clock = Faces(), GuessStore(engine), Clock(100.0)
        yield Setup(game(faces, store, clock), faces, store, clock, Board())


async def test_a_round_asks_for_a_pair_with_a_seed_nobody_knows(setup: Setup) -> None:
    started = await setup.game.start(HERE, lambda round_id: {"round_id": round_id})
    [(command, uploads, target)] = setup.faces.asked
    assert command.words == ()
    assert uploads == (KAPPA,)
    assert target == {"round_id": started.id}
    assert (command.options.layout, command.options.form) == (Layout.PAIR, Format.WEBP)
    assert command.options.style is Style.CURSED, "otherwise as the server wants its faces"
    assert command.options.seed is not None
    assert await setup.store.get(started.id) == started


async def test_no_id_says_what_it_is(setup: Setup) -> None:
    started = await setup.game.start(HERE, lambda round_id: {})
    assert not {"kappa", KAPPA.id} & {started.id.lower(), started.mask}
    assert len(started.mask) == 16


async def test_the_first_right_guess_wins_and_scores(setup: Setup) -> None:
    round_ = await setup.opened()
    assert setup.game.heard(Platform.DISCORD, "channel", "lul") is None
    assert setup.game.heard(Platform.DISCORD, "other channel", "kappa") is None
    assert setup.game.heard(Platform.DISCORD, "channel", ":KAPPA:") == round_.id
    won = await setup.game.guess(round_.id, "ada", ":KAPPA:")
    assert won is not None
    assert (won.state, won.winner_id) == (RoundState.WON, "ada")
    assert await setup.game.guess(round_.id, "bob", "kappa") is None
    await setup.game.play(round_, setup.board)
    assert setup.board.shown == [("end", RoundState.WON, False)]
    assert await setup.store.score(Platform.DISCORD, "guild", "ada") == Score(1, "ada", EARLY_POINTS, 1)
    assert await setup.store.score(Platform.DISCORD, "guild", "bob") is None


async def test_two_right_guesses_at_once_have_one_winner(setup: Setup) -> None:
    round_ = await setup.opened()
    outcomes = await asyncio.gather(*(setup.game.guess(round_.id, f"user {n}", "kappa") for n in range(6)))
    assert len([won for won in outcomes if won is not None]) == 1
    best = await setup.store.best(Platform.DISCORD, "guild", 10)
    assert [score.points for score in best] == [EARLY_POINTS]


async def test_a_win_ends_the_waiting_at_once(setup: Setup) -> None:
    round_ = await setup.opened()  # 30 s by the clock of the event loop, too
    playing = asyncio.create_task(setup.game.play(round_, setup.board))
    await asyncio.sleep(0)
    await setup.game.guess(round_.id, "ada", "kappa")
    await asyncio.wait_for(playing, 60)
    assert setup.board.shown == [("end", RoundState.WON, False)]
    assert setup.game.heard(Platform.DISCORD, "channel", "kappa") is None


async def test_without_a_right_guess_there_is_a_hint_and_an_end(setup: Setup) -> None:
    setup.game = game(setup.faces, setup.store, setup.clock, round_s=0.02)
    round_ = await setup.opened()
    await setup.game.play(round_, setup.board)
    assert setup.board.shown == [("hint", None, False), ("end", RoundState.MISSED, False)]
    assert await setup.game.guess(round_.id, "ada", "kappa") is None
    ended = await setup.store.get(round_.id)
    assert ended is not None
    assert ended.revealed


async def test_a_late_guess_does_not_count(setup: Setup) -> None:
    round_ = await setup.opened()
    setup.clock.now_s = 130.0
    assert setup.game.heard(Platform.DISCORD, "channel", "kappa") is None
    assert await setup.game.guess(round_.id, "ada", "kappa") is None


async def test_a_channel_has_one_round_and_then_a_pause(setup: Setup) -> None:
    round_ = await setup.opened()
    with pytest.raises(RoundRunning):
        await setup.opened()
    await setup.game.guess(round_.id, "ada", "kappa")
    await setup.game.play(round_, setup.board)
    with pytest.raises(RoundTooSoon) as refused:
        await setup.opened()
    assert refused.value.retry_after_s == 5.0
    setup.clock.now_s += 5.0
    await setup.opened()


async def test_rounds_are_bounded_in_a_server_and_altogether(setup: Setup) -> None:
    await setup.opened()
    await setup.opened(replace(HERE, channel_id="second"))
    with pytest.raises(Busy):
        await setup.opened(replace(HERE, channel_id="third"))
    await setup.opened(replace(HERE, scope_id="other guild", channel_id="fourth"))
    with pytest.raises(Busy):
        await setup.opened(replace(HERE, scope_id="third guild", channel_id="fifth"))


async def test_what_stands_against_a_request_stands_against_a_round(setup: Setup) -> None:
    setup.faces.refusals = [TooManyRequests(3.0)]
    with pytest.raises(TooManyRequests):
        await setup.opened()
    await setup.opened()  # and the channel is free


async def test_an_emote_that_is_not_wanted_is_drawn_again(setup: Setup) -> None:
    setup.faces.refusals = [FlaggedEmote(("edgy",))]
    await setup.opened()
    assert len(await setup.store.unfinished(Platform.DISCORD)) == 1


async def test_when_no_emote_is_wanted_that_is_said(setup: Setup) -> None:
    setup.faces.refusals = [FlaggedEmote(("edgy",)) for _ in range(3)]
    with pytest.raises(FlaggedEmote):
        await setup.opened()
    assert await setup.store.unfinished(Platform.DISCORD) == []


async def test_a_face_that_never_came_frees_the_channel(setup: Setup) -> None:
    started = await setup.game.start(HERE, lambda round_id: {})
    await setup.game.dropped(started.id)
    assert await setup.game.opened(started.id, "7") is None
    await setup.opened()


async def test_a_request_that_was_called_off_frees_the_channel(setup: Setup) -> None:
    started = await setup.game.start(HERE, lambda round_id: {})
    assert started.request_id is not None
    with pytest.raises(RoundRunning):
        await setup.opened()
    cancelled = replace(setup.faces.requests[started.request_id], state=RequestState.CANCELLED)
    setup.faces.requests[started.request_id] = cancelled
    await setup.opened()


async def test_where_admins_do_not_want_it_there_is_no_game(setup: Setup) -> None:
    setup.game = game(setup.faces, setup.store, setup.clock, Settings(guess_enabled=False))
    with pytest.raises(GuessingOff):
        await setup.opened()
    assert setup.faces.asked == []


async def test_a_face_nobody_awaits_any_more_frees_the_channel(setup: Setup) -> None:
    await setup.game.start(HERE, lambda round_id: {})
    setup.clock.now_s += 1000.0
    await setup.opened()


async def test_delivered_twice_it_is_opened_once(setup: Setup) -> None:
    round_ = await setup.opened()
    assert await setup.game.opened(round_.id, "8") is None
    assert await setup.store.get(round_.id) == round_


async def test_the_next_round_may_begin_before_the_last_one_is_shown(setup: Setup) -> None:
    setup.game = game(setup.faces, setup.store, setup.clock, pause_s=0)
    first = await setup.opened()
    await setup.game.guess(first.id, "ada", "kappa")
    second = await setup.opened()
    await setup.game.play(first, setup.board)
    assert setup.game.heard(Platform.DISCORD, "channel", "kappa") == second.id
    playing = asyncio.create_task(setup.game.play(second, setup.board))
    await setup.game.guess(second.id, "bob", "kappa")
    await asyncio.wait_for(playing, 60)
    assert setup.board.shown == [("end", RoundState.WON, False)] * 2


async def test_an_open_round_goes_on_after_a_restart(setup: Setup) -> None:
    round_ = await setup.opened()
    again = setup.restarted()
    assert await again.resume(Platform.DISCORD) == [round_]
    playing = asyncio.create_task(again.play(round_, setup.board))
    await until(lambda: again.heard(Platform.DISCORD, "channel", "kappa") is not None)
    await again.guess(round_.id, "ada", "kappa")
    await asyncio.wait_for(playing, 60)
    assert setup.board.shown == [("end", RoundState.WON, False)]
    assert await again.resume(Platform.DISCORD) == []


async def test_a_round_whose_time_ran_out_meanwhile_is_shown_late(setup: Setup) -> None:
    round_ = await setup.opened()
    setup.clock.now_s += 300.0
    again = setup.restarted()
    [left] = await again.resume(Platform.DISCORD)
    await again.play(left, setup.board)
    assert setup.board.shown == [("end", RoundState.MISSED, True)]
    assert await again.guess(round_.id, "ada", "kappa") is None


async def test_a_win_that_was_not_shown_is_shown_after_a_restart(setup: Setup) -> None:
    round_ = await setup.opened()
    await setup.game.guess(round_.id, "ada", "kappa")
    [left] = await setup.restarted().resume(Platform.DISCORD)
    await setup.restarted().play(left, setup.board)
    assert setup.board.shown == [("end", RoundState.WON, True)]
    assert len(await setup.store.best(Platform.DISCORD, "guild", 10)) == 1


async def test_after_a_restart_a_round_without_a_face_waits_for_its_request_only(setup: Setup) -> None:
    waiting = await setup.game.start(HERE, lambda round_id: {})
    refused = await setup.game.start(replace(HERE, channel_id="second"), lambda round_id: {})
    assert refused.request_id is not None
    setup.faces.requests[refused.request_id] = replace(
        setup.faces.requests[refused.request_id], state=RequestState.REFUSED
    )
    await setup.store.claim(replace(elsewhere(ROUND, 9), made_at=0.0))  # the program ended before it asked
    assert await setup.restarted().resume(Platform.DISCORD) == []
    assert [round_.id for round_ in await setup.store.unfinished(Platform.DISCORD)] == [waiting.id]


async def test_a_round_in_play_is_not_resumed(setup: Setup) -> None:
    await setup.opened()
    assert await setup.game.resume(Platform.DISCORD) == []


async def test_whoever_watches_hears_when_a_round_opens_and_when_it_is_decided(setup: Setup) -> None:
    heard: list[tuple[str, RoundState | None]] = []
    setup.game.watch(lambda round_: heard.append((round_.id, round_.state)))
    won = await setup.opened()
    assert heard == [(won.id, RoundState.OPEN)]
    await setup.game.guess(won.id, "ada", "kappa")
    assert heard[1:] == [(won.id, RoundState.WON)]
    setup.clock.now_s += 60
    missed = await setup.opened()
    setup.clock.now_s += 60
    await setup.game.play(missed, setup.board)
    assert [round_id for round_id, _ in heard[2:]] == [missed.id, missed.id]
