"""Playing: from "a round, please" to the pair. One game a process and platform.

What decides anything is in the store, in one statement each: which round a channel has, who won it, that it is over. So
nobody wins twice, whichever process heard them, and `resume` takes up what a restart has cut.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random, SystemRandom
from typing import Any
from weakref import WeakValueDictionary

import structlog
from ulid import ULID

from bot.command import FaceCommand
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.chat import Guessable
from bot.errors import Busy, EmoteBlocked, FlaggedEmote, GuessingOff, RoundRunning, RoundTooSoon
from bot.guessing.names import answers
from bot.guessing.parts import Board, GameParts
from bot.guessing.round import GuessRound, RoundState, Step
from bot.guessing.words import name_in
from bot.models import ANYBODY, EmoteSource, Origin, Platform, RequestState, Standing
from config.settings import GuessingSettings
from inference.protocol import MAX_SEED, FaceOptions, Format, Layout

log = structlog.get_logger(__name__)

_DRAWS = 3  # emotes tried where a drawn one is not wanted
_UNWANTED = (EmoteBlocked, FlaggedEmote)
_ASKING_S = 60.0  # from the claim to the accepted request
_LOST_AFTER_S = 900.0  # no face is awaited for longer


@dataclass(slots=True)
class _Table:
    """An open round that this process plays."""

    round: GuessRound
    decided: asyncio.Event


class Game:
    """`play` and `resume` are run by whoever has the tasks; everything else returns soon."""

    def __init__(
        self,
        parts: GameParts,
        settings: GuessingSettings,
        *,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
    ) -> None:
        self._emotes = parts.emotes
        self._faces = parts.faces
        self._policy = parts.policy
        self._store = parts.store
        self._settings = settings
        self._clock = clock
        self._random = random or SystemRandom()  # players may not foresee what is drawn
        self._played: dict[str, _Table] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._in_channel: dict[tuple[Platform, str], _Table] = {}
        self._listeners: list[Callable[[GuessRound], None]] = []

    def watch(self, listener: Callable[[GuessRound], None]) -> None:
        """Call it when a round opens, and when it is decided, in this process; it must return at once."""
        self._listeners.append(listener)

    @property
    def round_s(self) -> float:
        """How long a round lasts."""
        return self._settings.round_s

    async def start(
        self,
        origin: Origin,
        reply_target: Callable[[str], Mapping[str, Any]],
        *,
        nearby: Catalogue = EMPTY,
        standing: Standing = ANYBODY,
    ) -> GuessRound:
        """Have a face drawn for a new round; `reply_target` makes the deliverer's values of the round's id.

        Raise GuessingOff, RoundRunning, RoundTooSoon, Busy, or whatever stands against an ordinary request.
        """
        now = self._clock()
        here = await self._policy.effective(origin.scope_id, origin.channel_id, standing.parent_channel_id)
        if not here.guess_enabled:
            raise GuessingOff
        await self._make_room(origin, now)
        for attempt in range(1, _DRAWS + 1):
            drawn = await self._emotes.guessable(origin, nearby)
            round_ = self._round_of(drawn, origin, now, standing.locale)
            if not await self._claim(round_, now):
                raise RoundRunning
            try:
                return await self._ask(round_, here.face_options(), standing, reply_target(round_.id))
            except BaseException as error:
                await self._store.drop(round_.id, now)
                if attempt == _DRAWS or not isinstance(error, _UNWANTED):
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def opened(self, round_id: str, message_ref: str) -> GuessRound | None:
        """Its face stands in the chat: time runs. None when it has been taken up or dropped already."""
        now = self._clock()
        await self._store.open(round_id, message_ref, now, now + self._settings.round_s)
        round_ = await self._store.get(round_id)
        if round_ is None or round_.state is not RoundState.OPEN or round_id in self._played:
            return None
        self._seat(round_)
        log.info("guess_round_opened", round_id=round_id, platform=round_.origin.platform)
        self._announce(round_)
        return round_

    async def dropped(self, round_id: str) -> None:
        """There will be no face."""
        await self._store.drop(round_id, self._clock())

    async def round(self, round_id: str) -> GuessRound | None:
        """As it is stored; None for an unknown id."""
        return await self._store.get(round_id)

    async def is_running(self, round_id: str) -> bool:
        """Whether guesses still count."""
        round_ = await self._store.get(round_id)
        return round_ is not None and round_.is_running(self._clock())

    def heard(self, platform: Platform, channel_id: str, text: str) -> str | None:
        """The id of the round that this message would win; asked of every message, so nothing is looked up."""
        table = self._in_channel.get((platform, channel_id))
        return table.round.id if table is not None and table.round.takes(text, self._clock()) else None

    async def guess(self, round_id: str, user_id: str, text: str) -> GuessRound | None:
        """The round as this guess has won it; None when it is wrong, late, or somebody else was faster."""
        async with self._turns.setdefault(round_id, asyncio.Lock()):  # who said it first is looked at first
            return await self._guess(round_id, user_id, text)

    async def _guess(self, round_id: str, user_id: str, text: str) -> GuessRound | None:
        now = self._clock()
        round_ = await self._store.get(round_id)
        if round_ is None or not round_.takes(text, now):
            return None
        won = replace(round_, state=RoundState.WON, winner_id=user_id, decided_at=now)
        if not await self._store.win(won, points=round_.points(now)):
            return None
        log.info("guess_round_won", round_id=round_id, after_s=round(now - (round_.opened_at or now), 1))
        if table := self._played.get(round_id):
            self._leave_channel(table)  # its next round may come before this one is shown
            table.decided.set()
        self._announce(won)
        return won

    async def play(self, round_: GuessRound, board: Board) -> None:
        """Carry an open or decided round to its end on the board."""
        late = not round_.is_running(self._clock())
        if round_.state is RoundState.OPEN:
            await self._play(round_, board)
        await self._reveal(round_.id, board, late=late)

    async def resume(self, platform: Platform) -> list[GuessRound]:
        """The rounds of an earlier run that want to be played on; those that lost their face are dropped."""
        unfinished = await self._store.unfinished(platform)
        now = self._clock()
        for round_ in unfinished:
            if round_.state is RoundState.DRAWING and await self._is_lost(round_, now):
                await self._store.drop(round_.id, now)
        return [
            round_ for round_ in unfinished if round_.state is not RoundState.DRAWING and round_.id not in self._played
        ]

    async def _play(self, round_: GuessRound, board: Board) -> None:
        table, hinted = self._seat(round_), False
        try:
            stored = await self._store.get(round_.id)
            if stored is None or stored.state is not RoundState.OPEN:
                return  # won while nobody sat here yet
            while due := round_.due(self._clock(), hinted=hinted):
                step, wait_s = due
                if await _happens(table.decided, wait_s):
                    return
                if step is Step.END:
                    await self._store.miss(round_.id, self._clock())
                    self._announce(round_)
                    return
                await board.hint(round_)
                hinted = True
        finally:
            self._leave_channel(table)
            self._played.pop(round_.id, None)

    def _announce(self, round_: GuessRound) -> None:
        for listener in self._listeners:
            listener(round_)

    async def _make_room(self, origin: Origin, now: float) -> None:
        await self._store.drop_lost(now - _LOST_AFTER_S, now)
        running = await self._store.running(origin.platform, origin.scope_id)
        if running.everywhere >= self._settings.max_rounds or running.in_scope >= self._settings.max_rounds_per_scope:
            raise Busy(self._settings.round_s)
        decided_at = await self._store.last_decided(origin.platform, origin.channel_id)
        if decided_at is not None and (wait_s := decided_at + self._settings.pause_s - now) > 0:
            raise RoundTooSoon(wait_s)

    def _round_of(self, drawn: Guessable, origin: Origin, now: float, locale: str) -> GuessRound:
        emote_id = drawn.emote.id if drawn.emote.source is EmoteSource.DISCORD else None
        return GuessRound(
            id=str(ULID.from_timestamp(now)),
            origin=origin,
            emote=drawn.emote,
            answers=answers((*drawn.spellings, name_in(drawn.emote, locale)), emote_id),
            mask=f"{self._random.getrandbits(64):016x}",
            made_at=now,
            locale=locale,
        )

    async def _claim(self, round_: GuessRound, now: float) -> bool:
        """Also where the last round's face was refused or called off without a word to us."""
        if await self._store.claim(round_):
            return True
        running = await self._store.of_channel(round_.origin.platform, round_.origin.channel_id)
        if running is None or running.state is not RoundState.DRAWING or not await self._is_lost(running, now):
            return False
        await self._store.drop(running.id, now)
        return await self._store.claim(round_)

    async def _ask(
        self, round_: GuessRound, defaults: FaceOptions, standing: Standing, reply_target: Mapping[str, Any]
    ) -> GuessRound:
        """A seed of its own, because the face that everybody gets for an emote would be known before long."""
        seed = self._random.randint(0, MAX_SEED)
        options = defaults.changed(layout=Layout.PAIR, form=Format.WEBP, seed=seed)
        request = await self._faces.ask(
            round_.origin,
            FaceCommand((), options),
            uploads=(round_.emote,),
            standing=standing,
            reply_target=reply_target,
        )
        await self._store.set_request(round_.id, request.id)
        return replace(round_, request_id=request.id)

    async def _is_lost(self, round_: GuessRound, now: float) -> bool:
        """Nobody is drawing its face. What has just been claimed is about to be asked for."""
        if round_.request_id is None:
            return now - round_.made_at > _ASKING_S
        request = await self._faces.request(round_.request_id)
        return request is None or request.state in {RequestState.REFUSED, RequestState.CANCELLED}

    def _seat(self, round_: GuessRound) -> _Table:
        table = self._played.get(round_.id)
        if table is None:
            table = self._played[round_.id] = _Table(round_, asyncio.Event())
            self._in_channel[self._key(round_)] = table
        return table

    def _leave_channel(self, table: _Table) -> None:
        key = self._key(table.round)
        if self._in_channel.get(key) is table:
            del self._in_channel[key]

    async def _reveal(self, round_id: str, board: Board, *, late: bool) -> None:
        round_ = await self._store.get(round_id)
        if round_ is None or not round_.state.is_decided:
            return
        await board.reveal(round_, late=late)
        await self._store.set_revealed(round_id)
        log.info("guess_round_ended", round_id=round_id, state=round_.state)

    @staticmethod
    def _key(round_: GuessRound) -> tuple[Platform, str]:
        return round_.origin.platform, round_.origin.channel_id


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
