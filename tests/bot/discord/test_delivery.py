"""Answers arrive once, through crashes, troubles and restarts; or it is clear that they never will."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.delivery import DeliveryDelayed, Refusal, Undeliverable
from bot.discord.targets import InteractionTarget, MessageTarget, target_from_json
from bot.models import FaceRequest
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces, face_for, stored
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message
from tests.polling import until

WORDS = Refusal("That took too long, sorry. Please try again.")


def reply_to(question: Message, status_id: int | None = None) -> dict[str, Any]:
    guild_id = question.channel.guild.id if question.channel.guild else None
    return MessageTarget(question.channel.id, guild_id, question.id, status_id).to_json()


async def question_before_the_restart(chat: Chat) -> tuple[Message, FaceRequest]:
    question = chat.fake.say(chat.fake.channel, chat.ada, "😂")
    return question, stored(chat.faces, reply_to(question))


async def test_a_refusal_after_acceptance_is_said_in_words(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    await chat.faces.answer(request, WORDS)
    [answer] = chat.fake.replies_to(question)
    assert answer.content == WORDS.words
    assert answer.pinged == set()


async def test_an_unnamed_emote_has_an_alt_text_too(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    assert answer.attachments[0].description == "A face made from a custom emoji, AI-generated"


async def test_a_restarted_bot_answers_from_the_stored_target(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await faces.asked()
        interaction = fake.interact(fake.channel, chat.ada, emote="🍕")
        slash_request = await faces.asked(2)
    async with run_bot(fake, faces):
        await faces.answer(request)
        await faces.answer(slash_request)
    assert len(fake.replies_to(question)) == 1
    assert interaction.original is not None
    assert interaction.original.attachments


async def test_a_restarted_bot_edits_the_status_message_of_before(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, status_after_s=0.01) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await faces.asked()
        await fake.answer_to(question)
        await until(lambda: faces.requests[request.id].reply_target["status_id"] is not None)
    fake.rest.forget_nonces()
    async with run_bot(fake, faces):
        await faces.answer(request)
    [answer] = fake.replies_to(question)
    assert answer.attachments
    assert answer.content == ""


@pytest.mark.parametrize("answer", [None, WORDS])
async def test_a_crash_between_posting_and_recording_posts_nothing_twice(chat: Chat, answer: Refusal | None) -> None:
    question, request = await question_before_the_restart(chat)
    first = await chat.faces.answer(request, answer)
    chat.fake.rest.forget_nonces()
    for number in range(5):
        chat.fake.say(chat.fake.channel, chat.ada, f"chatter {number}")
    assert await chat.faces.answer(request, answer, maybe_sent=True) == first
    assert len(chat.fake.replies_to(question)) == 1


async def test_within_minutes_the_nonce_alone_prevents_a_second_post(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    assert await chat.faces.answer(request) == await chat.faces.answer(request)
    assert len(chat.fake.replies_to(question)) == 1


async def test_a_post_whose_answer_was_lost_is_found_again(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.fail_next("POST", "/messages", after=True)
    with pytest.raises(DeliveryDelayed):
        await chat.faces.answer(request)
    chat.fake.rest.forget_nonces()
    await chat.faces.answer(request, maybe_sent=True)
    assert len(chat.fake.replies_to(question)) == 1


async def test_an_orphaned_status_message_becomes_the_answer(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    orphan = Message(chat.fake.channel, chat.fake.bot, "Drawing…", reply_to=question.id)
    chat.fake.publish(orphan)
    assert await chat.faces.answer(request, maybe_sent=True) == str(orphan.id)
    assert chat.fake.replies_to(question) == [orphan]
    assert orphan.attachments


async def test_other_messages_are_not_taken_for_the_answer(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.publish(Message(chat.fake.channel, chat.ada, "mine!", reply_to=question.id))
    chat.fake.publish(Message(chat.fake.channel, chat.fake.bot, "about something else"))
    await chat.faces.answer(request, maybe_sent=True)
    [answer] = chat.fake.replies_to(question)
    assert answer.attachments


async def test_an_answer_to_a_deleted_question_is_found_by_its_picture(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.delete(question)
    first = await chat.faces.answer(request)
    chat.fake.rest.forget_nonces()
    assert await chat.faces.answer(request, maybe_sent=True) == first


async def test_a_status_message_deleted_by_a_moderator_is_replaced_by_a_fresh_answer(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=0.01) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        await until(lambda: chat.faces.requests[request.id].reply_target["status_id"] is not None)
        fake.delete(status)
        await chat.faces.answer(request)
        [answer] = fake.replies_to(question)
        assert answer.attachments


async def test_without_the_history_permission_the_answer_is_a_plain_message(chat: Chat) -> None:
    channel = chat.fake.add_channel("no history", denied={"read_message_history"})
    question = chat.fake.say(channel, chat.ada, "!face 😂")
    answer_ref = await chat.faces.answer(await chat.faces.asked(), maybe_sent=True)
    answer = chat.fake.find_message(channel, int(answer_ref))
    assert answer is not None
    assert answer.attachments
    assert chat.fake.replies_to(question) == []


async def test_a_short_rate_limit_is_waited_out(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.fail_next("POST", "/messages", 429, retry_after_s=0.05, times=2)
    await chat.faces.answer(request)
    assert len(chat.fake.replies_to(question)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 429, "retry_after_s": 3000.0},
        {"status": 429, "via": False},
        {"status": 503},
        {"status": 401},
        {"status": None},
    ],
    ids=["long rate limit", "ban", "unavailable", "token replaced", "connection cut"],
)
async def test_what_may_pass_is_tried_again_later(chat: Chat, trouble: dict[str, Any]) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.fail_next("POST", "/messages", **trouble)
    with pytest.raises(DeliveryDelayed):
        await chat.faces.answer(request)
    await until(lambda: chat.bot.problem is None)
    await chat.faces.answer(request, maybe_sent=True)
    assert len(chat.fake.replies_to(question)) == 1


async def test_an_internal_error_is_retried_by_the_library(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.fail_next("POST", "/messages", 500)
    await chat.faces.answer(request)
    assert len(chat.fake.replies_to(question)) == 1


async def test_a_discord_that_does_not_answer_is_tried_again_later(fake: FakeDiscord) -> None:
    async with run_bot(fake, request_timeout_s=0.3) as chat:
        question, request = await question_before_the_restart(chat)
        held = fake.fail_next("POST", "/messages", hold=True)
        with pytest.raises(DeliveryDelayed):
            await chat.faces.answer(request)
        held.release.set()
        await fake.answer_to(question, picture=True)
        await chat.faces.answer(request, maybe_sent=True)
        assert len(fake.replies_to(question)) == 1


@pytest.mark.parametrize("denied", ["view_channel", "send_messages"])
async def test_a_missing_permission_makes_it_undeliverable(chat: Chat, denied: str) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.channel.denied.add(denied)
    with pytest.raises(Undeliverable):
        await chat.faces.answer(request)
    assert chat.fake.replies_to(question) == []


async def test_a_channel_that_is_gone_makes_it_undeliverable(chat: Chat) -> None:
    _, request = await question_before_the_restart(chat)
    del chat.fake.channels[chat.fake.channel.id]
    with pytest.raises(Undeliverable):
        await chat.faces.answer(request)


async def test_an_unreadable_target_makes_it_undeliverable(chat: Chat) -> None:
    with pytest.raises(Undeliverable):
        await chat.faces.answer(stored(chat.faces, {"kind": "pigeon"}))


async def test_before_the_first_connection_it_is_delayed(fake: FakeDiscord) -> None:
    fake.fail_next("GET", "/users/@me", 503, times=10_000)
    question = fake.say(fake.channel, fake.user("Ada"), "😂")
    async with run_bot(fake, wait=False) as chat:
        with pytest.raises(DeliveryDelayed):
            await chat.faces.answer(stored(chat.faces, reply_to(question)))


async def test_answers_are_posted_while_the_gateway_is_down(chat: Chat) -> None:
    question, request = await question_before_the_restart(chat)
    chat.fake.fail_next("GET", "/gateway", 503, times=10_000)
    chat.fake.drop_gateway()
    await chat.fake.until(lambda: not chat.fake.gateway.connections)
    await chat.faces.answer(request)
    assert len(chat.fake.replies_to(question)) == 1


async def test_a_defect_is_not_taken_for_trouble_with_discord(chat: Chat) -> None:
    _, request = await question_before_the_restart(chat)
    with pytest.raises(TypeError):
        await chat.bot.deliverer.deliver(request, replace(face_for(request), content="text"), maybe_sent=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "target",
    [
        MessageTarget(1, None, 2),
        MessageTarget(1, 5, 2, status_id=9),
        InteractionTarget(1, 5, 7, 8, "secret", 12.5),
    ],
)
def test_targets_survive_the_store_and_hide_their_token(target: MessageTarget | InteractionTarget) -> None:
    assert target_from_json(target.to_json()) == target
    assert "secret" not in repr(target)


@pytest.mark.parametrize("values", [{}, {"kind": "message"}, {"kind": "message", "wings": 2}, {"kind": None}])
def test_other_json_is_no_target(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a place"):
        target_from_json(values)
