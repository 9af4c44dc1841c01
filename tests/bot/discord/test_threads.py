"""Where a server wants it, answers are in a thread of their question."""

from __future__ import annotations

import pytest

from bot.delivery import DeliveryDelayed
from bot.models import Progress, RequestState
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Message
from tests.polling import until


async def in_threads(chat: Chat, channel: Channel | None = None) -> None:
    where = None if channel is None else str(channel.id)
    await chat.policy.set(str(chat.fake.guild.id), where, "answer_in_thread", True, by_user_id="1")


def message_of(chat: Chat, answer_ref: str) -> Message:
    return next(message for message in chat.fake.messages if str(message.id) == answer_ref)


async def test_the_answer_is_in_a_thread_of_the_question(chat: Chat) -> None:
    await in_threads(chat)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    answer_ref = await chat.faces.answer(await chat.faces.asked())
    answer = message_of(chat, answer_ref)
    assert answer.channel is question.thread
    assert answer.pictures()
    assert chat.fake.replies_to(question) == []


async def test_after_a_crash_the_answer_in_the_thread_is_found(chat: Chat) -> None:
    await in_threads(chat)
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    answer_ref = await chat.faces.answer(request)
    chat.fake.rest.forget_nonces()
    count = len(chat.fake.messages)
    assert await chat.faces.answer(request, maybe_sent=True) == answer_ref
    assert len(chat.fake.messages) == count
    [complaint] = chat.fake.complaints
    assert "160004 A thread has already been created" in complaint
    chat.fake.complaints.clear()


async def test_the_status_line_is_in_the_thread_too_and_becomes_the_answer_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, status_after_s=0.01) as chat:
        await in_threads(chat)
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await faces.asked()
        await until(lambda: faces.requests[request.id].reply_target["status_id"] is not None)
        assert question.thread is not None
        [status] = fake.messages_in(question.thread)
        faces.progresses[request.id] = Progress(request.id, RequestState.QUEUED, position=3, eta_s=12)
        await fake.until(lambda: "place 3" in status.content)
    async with run_bot(fake, faces) as chat:
        await faces.answer(request)
        assert fake.messages_in(question.thread) == [status]
        assert status.pictures()


async def test_where_no_thread_can_be_opened_the_answer_is_a_reply(chat: Chat) -> None:
    await in_threads(chat)
    thread = chat.fake.start_thread(chat.fake.channel, "a thread", chat.ada)
    forbidden = chat.fake.add_channel("no threads", denied={"create_public_threads"})
    for number, place in enumerate([thread, forbidden], 1):
        question = chat.fake.say(place, chat.ada, "!face 😂")
        await chat.faces.answer(await chat.faces.asked(number))
        [answer] = chat.fake.replies_to(question)
        assert answer.pictures()


async def test_without_permission_that_the_bot_knows_of_no_thread_is_tried(fake: FakeDiscord) -> None:
    channel = fake.add_channel("no threads", denied={"send_messages_in_threads"})
    async with run_bot(fake) as chat:
        await in_threads(chat, channel)
        question = fake.say(channel, chat.ada, "!face 😂")
        await chat.faces.answer(await chat.faces.asked())
        assert len(fake.replies_to(question)) == 1
        assert not [path for _, path in fake.http.requests if path.endswith("/threads")]


async def test_a_thread_whose_opening_fails_for_now_is_tried_again_later(chat: Chat) -> None:
    await in_threads(chat)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    chat.fake.fail_next("POST", "/threads", 503)
    with pytest.raises(DeliveryDelayed):
        await chat.faces.answer(request)
    answer = message_of(chat, await chat.faces.answer(request, maybe_sent=True))
    assert answer.channel is question.thread
