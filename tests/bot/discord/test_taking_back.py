"""Questions that are deleted take their requests along, and answers that should not stay go in time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.models import FaceRequest, RequestState
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.bot.discord.test_outbox import shared_by
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message
from tests.polling import until

SOON = 0.01


async def answered(chat: Chat) -> tuple[Message, FaceRequest, Message]:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    return question, request, answer


async def set_here(chat: Chat, name: str, value: object) -> None:
    await chat.policy.set(str(chat.fake.guild.id), None, name, value, by_user_id="1")


# -- waiting --------------------------------------------------------------------------------------------------------


async def test_a_deleted_question_is_withdrawn_and_its_status_line_removed(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        await until(lambda: chat.faces.requests[request.id].reply_target["status_id"] == status.id)
        fake.delete(question)
        await fake.until(lambda: status.deleted)
        assert chat.faces.requests[request.id].state is RequestState.CANCELLED


async def test_after_a_restart_a_deleted_question_is_withdrawn_too(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await faces.asked()
        status = await fake.answer_to(question)
        await until(lambda: faces.requests[request.id].reply_target["status_id"] == status.id)
    async with run_bot(fake, faces):
        fake.delete(question)
        await fake.until(lambda: status.deleted)
        assert faces.requests[request.id].state is RequestState.CANCELLED


async def test_a_clean_up_by_a_moderator_withdraws_all_its_questions(chat: Chat) -> None:
    fake, faces = chat.fake, chat.faces
    questions = [fake.say(fake.channel, chat.ada, f"!face {emote}") for emote in "😂🍕"]
    await faces.asked(2)
    fake.delete_many(questions)
    await until(lambda: all(r.state is RequestState.CANCELLED for r in faces.requests.values()))


async def test_a_status_line_that_is_gone_already_is_no_harm(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        fake.delete_many([status, question])
        await until(lambda: chat.faces.requests[request.id].state is RequestState.CANCELLED)


# -- answered -------------------------------------------------------------------------------------------------------


async def test_the_answer_goes_with_its_question_where_that_is_wanted(chat: Chat) -> None:
    await set_here(chat, "delete_with_question", True)
    chat.faces.cancellable = False
    question, request, answer = await answered(chat)
    chat.fake.delete(question)
    await chat.fake.until(lambda: answer.deleted)
    await until(lambda: chat.faces.requests[request.id].answer_ref is None)


async def test_the_answer_stays_where_that_is_not_wanted(chat: Chat) -> None:
    await set_here(chat, "delete_with_question", False)
    chat.faces.cancellable = False
    question, _, answer = await answered(chat)
    chat.fake.delete(question)
    await until(lambda: bool(chat.faces.cancelled))
    other = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    await chat.fake.answer_to(other)
    assert not answer.deleted


async def test_an_answer_on_its_way_while_its_question_is_deleted_goes_once_it_is_there(chat: Chat) -> None:
    await set_here(chat, "delete_with_question", True)
    chat.faces.cancellable = False
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    chat.faces.advance(request.id, RequestState.SENDING)
    chat.fake.delete(question)
    await until(lambda: chat.faces.cancelled == [request.id])
    answer_ref = await chat.faces.answer(request)
    answer = next(message for message in chat.fake.messages if str(message.id) == answer_ref)
    await chat.fake.until(lambda: answer.deleted)


async def test_of_a_shared_message_only_the_face_of_the_deleted_question_goes(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        await set_here(chat, "delete_with_question", True)
        message, questions = await shared_by(chat, [fake.user(name) for name in ("Ada", "Bob", "Cy", "Di", "Eve")])
        chat.faces.cancellable = False
        fake.delete(questions[0])
        await fake.until(lambda: len(message.attachments) == 4)
        names = [attachment.filename for attachment in message.attachments]
        gone, *left = [
            r.id for r in chat.faces.requests.values() if r.answer_ref == str(message.id) or not r.answer_ref
        ]
        assert names == [f"face-{request_id}.webp" for request_id in left]
        for question in questions[1:]:
            fake.delete(question)
        await fake.until(lambda: message.deleted)
        assert gone not in "".join(names)


# -- answers that should not stay -----------------------------------------------------------------------------------


async def test_an_answer_goes_when_its_time_has_come_also_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        _, request, answer = await answered(chat)
        faces.requests[request.id] = replace(faces.requests[request.id], remove_at=50.0)
    faces.now = 49.0
    async with run_bot(fake, faces) as chat:
        await fake.answer_to(fake.say(fake.channel, chat.ada, "!face"))
        assert not answer.deleted
        faces.now = 51.0
        await fake.until(lambda: answer.deleted)
        await until(lambda: faces.requests[request.id].answer_ref is None)


async def test_an_answer_in_a_thread_goes_too(chat: Chat) -> None:
    await set_here(chat, "answer_in_thread", True)
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    answer_ref = await chat.faces.answer(request)
    chat.faces.requests[request.id] = replace(chat.faces.requests[request.id], remove_at=-1.0)
    answer = next(message for message in chat.fake.messages if str(message.id) == answer_ref)
    assert answer.channel.parent is chat.fake.channel
    await chat.fake.until(lambda: answer.deleted)


@pytest.mark.parametrize(("status", "is_forgotten"), [(404, True), (403, True), (503, False)])
async def test_what_can_never_be_removed_is_forgotten_and_what_can_is_tried_again(
    chat: Chat, status: int, is_forgotten: bool
) -> None:
    _, request, answer = await answered(chat)
    trouble = chat.fake.fail_next("GET", f"/messages/{answer.id}", status)
    chat.faces.requests[request.id] = replace(chat.faces.requests[request.id], remove_at=-1.0)
    await chat.fake.until(trouble.reached.is_set)
    await until(lambda: chat.faces.requests[request.id].answer_ref is None)
    assert answer.deleted is not is_forgotten


async def test_an_answer_that_is_deleted_by_hand_is_gone_everywhere(chat: Chat) -> None:
    _, request, answer = await answered(chat)
    assert chat.faces.requests[request.id].answer_ref == str(answer.id)
    chat.fake.delete(answer)
    await until(lambda: chat.faces.requests[request.id].answer_ref is None)
