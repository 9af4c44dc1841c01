"""The line of answers: nothing is lost, nothing is said twice, and never more is said than may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest

from bot.twitch.merging import Parcel
from bot.twitch.outbox import Outbox, Outcome
from bot.twitch.speaking import Forbidden, MaybeSaid, NotSaid, Said
from bot.twitch.waiting import Ration
from tests.polling import until

FREE = Ration(messages=1000, messages_as_moderator=1000, window_s=0.0, gap_s=0.0)
Reply: TypeAlias = Said | Exception


class FakeSpeaker:
    """Says everything, or what a test has put into `replies`; `open` holds it up until the event is set."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str | None]] = []
        self.tries: list[str] = []
        self.replies: list[Reply] = []
        self.open = asyncio.Event()
        self.open.set()

    async def say(self, broadcaster_id: str, text: str, reply_to: str | None) -> Said:
        self.tries.append(text)
        await self.open.wait()
        reply = self.replies.pop(0) if self.replies else Said(f"m{len(self.said)}")
        if isinstance(reply, Exception):
            raise reply
        if reply.dropped is None:
            self.said.append((broadcaster_id, text, reply_to))
        return reply

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.said]


@asynccontextmanager
async def running(
    speaker: FakeSpeaker, ration: Ration = FREE, links_blocked: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Outbox]:
    outbox = Outbox(speaker, ration, links_blocked=links_blocked)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait([task])


def parcel(key: str, channel: str = "1", words: str = "On screen now!", linked: str | None = None) -> Parcel:
    return Parcel(key, channel, words, f"n{key}", f"q{key}", linked)


async def all_of(posts: list[Awaitable[Outcome]]) -> list[Outcome]:
    return await asyncio.wait_for(asyncio.gather(*posts), 60)


async def test_while_there_is_room_every_answer_has_its_own_thread() -> None:
    speaker = FakeSpeaker()
    async with running(speaker) as outbox:
        outcomes = await all_of([outbox.post(parcel("a")), outbox.post(parcel("b"))])
    assert outcomes == [Outcome("m0"), Outcome("m1")]
    assert [reply_to for _, _, reply_to in speaker.said] == ["qa", "qb"]
    assert len(set(speaker.texts)) == 2  # Twitch drops what is the same as the message before


async def test_where_more_wait_than_may_be_said_they_share_messages() -> None:
    speaker = FakeSpeaker()
    speaker.open.clear()
    async with running(speaker) as outbox:
        posts = [asyncio.create_task(outbox.post(parcel("0")))]
        await until(lambda: len(speaker.tries) == 1)
        posts += [asyncio.create_task(outbox.post(parcel(str(n)))) for n in range(1, 30)]
        await until(lambda: outbox.waiting == 30)
        speaker.open.set()
        outcomes = await all_of([*posts])
    assert all(each.message_id for each in outcomes)
    assert len(speaker.said) < 6
    for n in range(1, 30):
        assert sum(f"@n{n} " in f"{text} " for text in speaker.texts) == 1


async def test_an_answer_is_said_once_however_often_it_is_posted() -> None:
    speaker = FakeSpeaker()
    speaker.open.clear()
    async with running(speaker) as outbox:
        first = asyncio.create_task(outbox.post(parcel("a")))
        await until(lambda: bool(speaker.tries))
        first.cancel()  # whoever waits has lost patience
        again = asyncio.create_task(outbox.post(parcel("a")))
        speaker.open.set()
        assert await again == Outcome("m0")
        assert await outbox.post(parcel("a")) == Outcome("m0")
    assert len(speaker.said) == 1


async def test_where_links_are_not_taken_it_is_said_without_and_once_more_with_links_later() -> None:
    speaker, told = FakeSpeaker(), list[str]()
    speaker.replies = [Said("", "channel_settings")]
    async with running(speaker, links_blocked=told.append) as outbox:
        linked = "On screen now! https://faces.example/f/1"
        assert (await outbox.post(parcel("a", linked=linked))).message_id
        assert (await outbox.post(parcel("b", linked=linked))).message_id
        assert told == ["1"]
        outbox.note_rank("1", moderates=True)
        assert (await outbox.post(parcel("c", linked=linked))).message_id
    assert [text.rstrip("\U000e0000") for text in speaker.texts] == ["On screen now!", "On screen now!", linked]


async def test_a_shared_message_with_links_that_are_not_taken_stays_one_message() -> None:
    speaker = FakeSpeaker()
    speaker.open.clear()
    speaker.replies = [Said("m"), Said("", "channel_settings")]
    async with running(speaker) as outbox:
        posts = [asyncio.create_task(outbox.post(parcel("0", linked="with a link")))]
        await until(lambda: len(speaker.tries) == 1)
        posts += [asyncio.create_task(outbox.post(parcel(str(n), linked="with a link"))) for n in range(1, 9)]
        await until(lambda: outbox.waiting == 9)
        speaker.open.set()
        outcomes = await all_of([*posts])
    assert all(each.message_id for each in outcomes)
    assert len(speaker.said) == 2
    assert "link" not in speaker.texts[1]


async def test_a_message_that_is_not_taken_without_links_either_is_no_matter_of_links() -> None:
    speaker, told = FakeSpeaker(), list[str]()
    speaker.replies = [Said("", "automod_held"), Said("", "automod_held")]
    async with running(speaker, links_blocked=told.append) as outbox:
        assert (await outbox.post(parcel("a", linked="with a link"))).problem == "dropped: automod_held"
    assert told == []


async def test_of_a_shared_message_that_is_dropped_each_answer_is_said_alone() -> None:
    speaker = FakeSpeaker()
    speaker.open.clear()
    speaker.replies = [Said("m"), Said("", "automod_held"), Said("m"), Said("", "automod_held")]
    async with running(speaker) as outbox:
        posts = [asyncio.create_task(outbox.post(parcel("0")))]
        await until(lambda: len(speaker.tries) == 1)
        posts += [asyncio.create_task(outbox.post(parcel(str(n)))) for n in range(1, 6)]
        await until(lambda: outbox.waiting == 6)
        speaker.open.set()
        outcomes = await all_of([*posts])
    assert sum(each.problem is not None for each in outcomes) == 1
    assert len(speaker.said) == 5


@pytest.mark.parametrize("code", ["msg_ratelimit", "msg_slowmode", "msg_duplicate"])
async def test_what_came_too_soon_is_said_a_little_later(code: str) -> None:
    speaker = FakeSpeaker()
    speaker.replies = [Said("", code) for _ in range(20)]
    async with running(speaker) as outbox:
        assert (await outbox.post(parcel("a", linked="with a link"))).message_id
    assert len(speaker.tries) == 21
    assert speaker.texts[0].startswith("with a link")


async def test_while_twitch_is_out_of_reach_answers_wait() -> None:
    speaker = FakeSpeaker()
    speaker.replies = [NotSaid("no answer"), NotSaid("status 429")]
    async with running(speaker) as outbox:
        outcomes = await all_of([outbox.post(parcel("a")), outbox.post(parcel("b", "2"))])
    assert all(each.message_id for each in outcomes)


async def test_what_may_have_been_said_is_not_said_again() -> None:
    speaker = FakeSpeaker()
    speaker.replies = [MaybeSaid()]
    async with running(speaker) as outbox:
        outcome = await outbox.post(parcel("a"))
        assert outcome.uncertain
        assert await outbox.post(parcel("a")) == outcome
    assert len(speaker.tries) == 1


async def test_where_the_bot_may_not_speak_the_answer_is_given_up_and_others_go_on() -> None:
    speaker = FakeSpeaker()
    speaker.replies = [Forbidden("status 403")]
    async with running(speaker) as outbox:
        assert await outbox.post(parcel("a")) == Outcome(problem="status 403")
        assert (await outbox.post(parcel("b", "2"))).message_id


async def test_a_defect_of_one_message_is_not_the_end_of_the_line() -> None:
    speaker = FakeSpeaker()
    speaker.replies = [RuntimeError("oops")]
    async with running(speaker) as outbox:
        assert (await outbox.post(parcel("a"))).problem == "defect"
        assert (await outbox.post(parcel("b"))).message_id


async def test_what_is_withdrawn_is_not_said_if_there_is_still_time() -> None:
    speaker = FakeSpeaker()
    speaker.open.clear()
    async with running(speaker) as outbox:
        first = asyncio.create_task(outbox.post(parcel("a")))
        await until(lambda: len(speaker.tries) == 1)
        second = asyncio.create_task(outbox.post(parcel("b")))
        await until(lambda: outbox.waiting == 2)
        outbox.withdraw("b")
        outbox.withdraw("b")
        assert (await second).problem == "withdrawn"
        speaker.open.set()
        assert (await first).message_id
    assert len(speaker.said) == 1
