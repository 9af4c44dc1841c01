"""People who ask all the time, and what came of each question."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from bot.models import RequestState
from tests.bench.answers import single_emoji
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message

EVERY_S = 0.4
BEFORE_S, AFTER_S = 3.0, 3.0
LOOK_S = 0.05
PATIENCE_S = 400.0  # longer than anything promises
DEAF_S = 120.0  # a connection to the gateway that was forgotten is noticed within this time


class Place(Protocol):
    """Where people ask. `requests` are the states of what was accepted, by the ids of the questions."""

    discord: FakeDiscord

    async def requests(self) -> dict[str, str]: ...


P = TypeVar("P", bound=Place)
Words: TypeAlias = Callable[[int], str]


@dataclass(slots=True)
class Row:
    """What became of all that was asked, and seconds from the end of the fault to the first answer after it and to the
    last face of what was asked before that."""

    asked: int = 0
    accepted: int = 0
    once: int = 0
    in_words: int = 0
    lost: int = 0
    double: int = 0
    unheard: int = 0
    first_s: float | None = None
    last_s: float | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.double

    def cells(self) -> str:
        times = ("–" if value is None else f"{value:.1f}" for value in (self.first_s, self.last_s))
        counts = (self.accepted, self.once, self.in_words, self.lost, self.double, self.unheard)
        return " | ".join([*map(str, counts), *times])


@dataclass(slots=True)
class Question:
    message: Message
    asked_at: float
    answered_at: float | None = None


class Crowd:
    """Asks for one new face after the other, and notes when they come."""

    def __init__(self, place: Place, words: Words | None = None, *, rooms: int | None = None) -> None:
        """In a channel of its own each: what ends at once in one may be posted in one message. With `rooms` they take
        turns."""
        self.questions: list[Question] = []
        self._place = place
        self._replies: defaultdict[int, list[Message]] = defaultdict(list)
        self._emoji = itertools.cycle(single_emoji())
        self._words = words
        self._rooms = [place.discord.add_channel(f"room-{number}") for number in range(rooms or 0)]

    def ask(self, text: str | None = None) -> Question:
        discord, number = self._place.discord, len(self.questions)
        said = text or (self._words(number) if self._words else next(self._emoji))
        person = discord.user(f"asker {number}")
        rooms = self._rooms or [discord.add_channel(f"room-{number}")]
        channel = rooms[number % len(rooms)]
        question = Question(discord.say(channel, person, f"{discord.bot.mention} {said}"), time.monotonic())
        self.questions.append(question)
        return question

    async def ask_on(self) -> None:
        """Until cancelled."""
        while True:
            self.ask()
            await asyncio.sleep(EVERY_S)

    async def look_on(self) -> None:
        """Until cancelled: note the moments of the answers."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        now = time.monotonic()
        self._replies = defaultdict(list)
        for message in self._place.discord.messages:
            if message.reply_to is not None and message.author is self._place.discord.bot and not message.deleted:
                self._replies[message.reply_to].append(message)
        for question in self.questions:
            if question.answered_at is None and any(reply.pictures() for reply in self._standing(question)):
                question.answered_at = now

    async def settled(self, deaf_s: float) -> dict[str, str]:
        """Return what was accepted, once all of it has an answer, in words or as a face, and so has everything else,
        unless that was not heard for `deaf_s`; or when patience is over."""
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_S:
            waiting = {str(each.message.id) for each in self.questions if not self._is_settled(each)}
            accepted = await self._place.requests()
            if waiting.isdisjoint(accepted) and (not waiting or time.monotonic() > began + deaf_s):
                return accepted
            await asyncio.sleep(0.5)
        return await self._place.requests()

    def judged(self, accepted: dict[str, str], ended_at: float) -> Row:
        """`accepted` are the states of the requests by the ids of their questions."""
        row = Row(asked=len(self.questions), accepted=len(accepted))
        for question in self.questions:
            replies = self._standing(question)
            state = accepted.get(str(question.message.id))
            if len(replies) > 1:
                row.double += 1
            elif not replies:
                row.lost += state is not None
                row.unheard += state is None
            elif replies[0].pictures():
                row.once += 1
            else:
                row.in_words += 1
                row.lost += state is not None and not RequestState(state).is_final
        after = [each.answered_at - ended_at for each in self.questions if (each.answered_at or 0) > ended_at]
        before = [each.answered_at for each in self.questions if each.answered_at and each.asked_at <= ended_at]
        row.first_s = min(after, default=None)
        row.last_s = max(0.0, max(before) - ended_at) if before else None
        return row

    def refusals(self) -> Collection[str]:
        """The words that some got."""
        return {reply.content for each in self.questions for reply in self._standing(each) if not reply.pictures()}

    def _standing(self, question: Question) -> list[Message]:
        return self._replies[question.message.id]

    def _is_settled(self, question: Question) -> bool:
        replies = self._standing(question)
        return question.answered_at is not None or any(not reply.buttons() for reply in replies)


async def through(
    place: P,
    fault: Callable[[P, Crowd], Awaitable[float | None]],
    *,
    words: Words | None = None,
    deaf_s: float = DEAF_S,
) -> Row:
    """Ask before, during and after the fault, which is over when `fault` returns, or at the moment that it returns."""
    crowd = Crowd(place, words)
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(crowd.look_on())
        asking = group.create_task(crowd.ask_on())
        await asyncio.sleep(BEFORE_S)
        ended_at = await fault(place, crowd) or time.monotonic()
        await asyncio.sleep(AFTER_S)
        asking.cancel()
        accepted = await crowd.settled(deaf_s)
        crowd.look()
        looking.cancel()
    row = crowd.judged(accepted, ended_at)
    row.notes += [words[:160] for words in crowd.refusals()]
    row.notes += place.discord.complaints
    return row
