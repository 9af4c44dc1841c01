"""A channel takes so many messages: answers that pile up behind that share one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import pytest

from bot.delivery import DeliveryDelayed, Refusal
from bot.models import FaceRequest
from tests.bot.discord.conftest import NEVER_S, Chat, run_bot
from tests.bot.discord.faces import WEBP, ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message, User
from tests.polling import until


async def asked_by(chat: Chat, users: Sequence[User], words: str = "😂") -> tuple[list[Message], list[FaceRequest]]:
    before = len(chat.faces.requests)
    questions = []
    for number, user in enumerate(users, 1):  # one after the other: requests are in the order of their questions
        questions.append(chat.fake.say(chat.fake.channel, user, f"!face {words}"))
        await chat.faces.asked(before + number)
    return questions, list(chat.faces.requests.values())[before:]


async def answers_behind_a_slow_one(
    chat: Chat, requests: Sequence[FaceRequest], *answers: Refusal | None, **trouble: Any
) -> list[str | BaseException]:
    """All are ready while the post of an earlier answer takes its time; `trouble` hits the next post. `answers` are
    those of the first requests, None for a face."""
    _, [slow] = await asked_by(chat, [chat.ada])
    held = chat.fake.fail_next("POST", "/messages", hold=True)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(chat.faces.answer(slow))
        await chat.fake.until(held.reached.is_set)
        given = zip_longest(requests, answers)
        others = asyncio.gather(*(chat.faces.answer(*each) for each in given), return_exceptions=True)
        await until(lambda: chat.bot.outbox.waiting == len(requests))
        if trouble:
            chat.fake.fail_next("POST", "/messages", **trouble)
        held.release.set()
        await first
        return await others


async def shared_by(chat: Chat, users: Sequence[User]) -> tuple[Message, list[Message]]:
    """The one message with these people's answers, and their questions."""
    questions, requests = await asked_by(chat, users)
    [answer_ref] = set(await answers_behind_a_slow_one(chat, requests))
    message = next(each for each in chat.fake.messages if str(each.id) == answer_ref)
    return message, questions


def people(fake: FakeDiscord, count: int) -> list[User]:
    return [fake.user(f"Member {number}") for number in range(count)]


async def test_as_long_as_the_ration_is_enough_each_answer_is_a_reply_of_its_own(chat: Chat) -> None:
    questions, requests = await asked_by(chat, people(chat.fake, 3))
    await answers_behind_a_slow_one(chat, requests)
    for question in questions:
        [answer] = chat.fake.replies_to(question)
        assert len(answer.pictures()) == 1


async def test_answers_that_pile_up_share_a_message_that_names_everybody_and_pings_nobody(chat: Chat) -> None:
    users = people(chat.fake, 5)
    message, questions = await shared_by(chat, users)
    assert [each.content for each in message.attachments] == [WEBP] * 5
    assert {each.description for each in message.attachments} == {"A face made from 😂, AI-generated"}
    assert [user.mention for user in users] == message.content.removesuffix(".").replace(",", "").split()[-5:]
    assert message.pinged == set()
    assert message.reply_to is None
    assert not any(chat.fake.replies_to(question) for question in questions)


async def test_no_more_than_ten_faces_are_in_a_message(chat: Chat) -> None:
    _, requests = await asked_by(chat, people(chat.fake, 13))
    refs = await answers_behind_a_slow_one(chat, requests)
    shown = [len(message.attachments) for message in chat.fake.messages if str(message.id) in refs]
    assert shown == [10, 3]
    assert len(set(refs)) == 2


async def test_words_and_spoilers_are_not_shared(chat: Chat) -> None:
    questions, requests = await asked_by(chat, people(chat.fake, 5))
    target = dict(requests[0].reply_target) | {"spoiler": True}
    await chat.faces.remember(requests[0].id, target)
    refs = await answers_behind_a_slow_one(chat, requests, None, Refusal("No."))
    assert [len(chat.fake.replies_to(question)) for question in questions] == [1, 1, 0, 0, 0]
    assert len(set(refs)) == 3


async def test_what_an_earlier_run_accepted_is_answered_by_itself(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        questions, requests = await asked_by(chat, people(fake, 4))
    async with run_bot(fake, faces, channel_posts=50) as chat:
        await answers_behind_a_slow_one(chat, requests)
        assert all(len(fake.replies_to(question)) == 1 for question in questions)


async def test_a_crash_after_a_shared_post_posts_nothing_twice(chat: Chat) -> None:
    users = people(chat.fake, 5)
    message, _ = await shared_by(chat, users)
    chat.fake.rest.forget_nonces()
    count = len(chat.fake.messages)
    for request in list(chat.faces.requests.values())[:5]:
        assert await chat.faces.answer(request, maybe_sent=True) == str(message.id)
    assert len(chat.fake.messages) == count


async def test_a_shared_post_whose_answer_was_lost_is_found_again_by_everybody(chat: Chat) -> None:
    _, requests = await asked_by(chat, people(chat.fake, 5))
    outcomes = await answers_behind_a_slow_one(chat, requests, after=True)
    assert {type(outcome) for outcome in outcomes} == {DeliveryDelayed}
    chat.fake.rest.forget_nonces()
    refs = {await chat.faces.answer(request, maybe_sent=True) for request in requests}
    assert len(refs) == 1
    pictures = [each for message in chat.fake.messages for each in message.attachments]
    assert len(pictures) == 6


async def test_a_shared_message_that_is_too_large_is_taken_apart(fake: FakeDiscord) -> None:
    async with run_bot(fake, channel_posts_s=0.2) as chat:
        questions, requests = await asked_by(chat, people(fake, 5))
        await answers_behind_a_slow_one(chat, requests, status=413, code=40005)
        assert [len(fake.replies_to(question)) for question in questions] == [1] * 5


async def test_who_waits_for_the_ration_is_posted_as_soon_as_there_is_one(fake: FakeDiscord) -> None:
    async with run_bot(fake, channel_posts=1, channel_posts_s=0.1) as chat:
        questions, requests = await asked_by(chat, people(fake, 3))
        for request in requests:
            await chat.faces.answer(request)
        assert all(len(fake.replies_to(question)) == 1 for question in questions)


async def test_channels_do_not_wait_for_each_other(fake: FakeDiscord) -> None:
    async with run_bot(fake, channel_posts=1, channel_posts_s=NEVER_S) as chat:
        _, [request] = await asked_by(chat, [chat.ada])
        await chat.faces.answer(request)
        elsewhere = fake.say(fake.add_channel("elsewhere"), chat.ada, "!face 😂")
        await chat.faces.answer(await chat.faces.asked(2))
        assert len(fake.replies_to(elsewhere)) == 1


async def test_a_turn_that_is_cut_off_leaves_nobody_behind(fake: FakeDiscord) -> None:
    async with run_bot(fake, request_timeout_s=0.5) as chat:
        questions, requests = await asked_by(chat, people(fake, 2))
        held = fake.fail_next("POST", "/messages", hold=True)
        with pytest.raises(DeliveryDelayed):
            await chat.faces.answer(requests[0])
        held.release.set()
        await chat.faces.answer(requests[1])
        assert len(fake.replies_to(questions[1])) == 1
