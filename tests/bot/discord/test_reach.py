"""Where the bot may not answer nothing is drawn, it stops trying after a while, and an admin hears of it once."""

from __future__ import annotations

import pytest

from bot.delivery import Undeliverable
from bot.discord.reach import Troubles
from bot.models import FaceRequest
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Message

PUBLIC_URL = "https://faces.example.org"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused(troubles: Troubles, times: int, channel_id: int = 1) -> list[bool]:
    return [troubles.refused(channel_id) for _ in range(times)]


# -- counting -------------------------------------------------------------------------------------------------------


def test_the_third_refusal_pauses_a_channel_for_half_an_hour_and_is_news() -> None:
    clock = Clock()
    troubles = Troubles(clock)
    assert refused(troubles, 2) == [False, False]
    assert troubles.paused_s(1) == 0
    assert refused(troubles, 1) == [True]
    assert (troubles.paused_s(1), troubles.paused_s(2)) == (1800, 0)
    clock.now += 1799
    assert troubles.paused_s(1) == 1
    clock.now += 1
    assert troubles.paused_s(1) == 0


def test_refusals_far_apart_pause_nothing() -> None:
    clock = Clock()
    troubles = Troubles(clock)
    for _ in range(20):
        assert refused(troubles, 1) == [False]
        clock.now += 301
    assert troubles.paused_s(1) == 0


def test_another_pause_of_the_same_trouble_is_no_news_and_one_after_a_success_is() -> None:
    clock = Clock()
    troubles = Troubles(clock)
    assert refused(troubles, 3)[-1]
    clock.now += 1800
    assert not refused(troubles, 3)[-1]
    assert troubles.paused_s(1) == 1800
    troubles.over(1)
    assert troubles.paused_s(1) == 0
    assert refused(troubles, 3)[-1]


def test_what_was_told_otherwise_is_no_news_either() -> None:
    troubles = Troubles(Clock())
    assert [troubles.is_news(1), troubles.is_news(1), troubles.is_news(2)] == [True, False, True]
    assert refused(troubles, 3) == [False, False, False]


def test_no_more_than_so_many_channels_are_remembered() -> None:
    troubles = Troubles(Clock())
    refused(troubles, 3, channel_id=0)
    for channel_id in range(1, 1024):
        refused(troubles, 1, channel_id)
    assert troubles.paused_s(0) > 0
    refused(troubles, 1, channel_id=1024)
    assert troubles.paused_s(0) == 0


# -- before anything is drawn ---------------------------------------------------------------------------------------


async def nothing_is_asked(chat: Chat) -> None:
    """The bot is through with everything before this."""
    hint = chat.fake.say(chat.fake.add_channel("elsewhere"), chat.ada, "!face")
    await chat.fake.answer_to(hint)
    assert chat.faces.requests == {}


async def test_without_permission_to_attach_the_question_is_answered_in_words_before_anything_is_drawn(
    fake: FakeDiscord,
) -> None:
    channel = fake.add_channel("words only", denied={"attach_files"})
    async with run_bot(fake) as chat:
        answer = await fake.answer_to(fake.say(channel, chat.ada, "!face 😂"))
        assert "`Attach Files`" in answer.content
        await nothing_is_asked(chat)


async def test_with_a_public_address_it_is_drawn_all_the_same(fake: FakeDiscord) -> None:
    channel = fake.add_channel("words only", denied={"attach_files"})
    async with run_bot(fake, public_url=PUBLIC_URL) as chat:
        question = fake.say(channel, chat.ada, "!face 😂")
        await chat.faces.answer(await chat.faces.asked())
        [answer] = fake.replies_to(question)
        assert PUBLIC_URL in answer.content


async def test_where_only_reactions_are_left_a_warning_sign_is_the_answer(fake: FakeDiscord) -> None:
    channel = fake.add_channel("listening", denied={"send_messages"})
    async with run_bot(fake) as chat:
        question = fake.say(channel, chat.ada, "!face 😂")
        await fake.until(lambda: "⚠️" in question.reactions)
        await nothing_is_asked(chat)
        assert ("POST", f"/api/v10/channels/{channel.id}/messages") not in fake.http.requests


async def test_where_not_even_these_are_nothing_is_tried(fake: FakeDiscord) -> None:
    channel = fake.add_channel("mute", denied={"send_messages", "add_reactions"})
    async with run_bot(fake) as chat:
        question = fake.say(channel, chat.ada, "!face 😂")
        await nothing_is_asked(chat)
        assert question.reactions == {}
        assert not [path for _, path in fake.http.requests if str(channel.id) in path]


async def test_a_command_whose_response_cannot_have_a_picture_is_refused_to_its_asker_alone(fake: FakeDiscord) -> None:
    channel = fake.add_channel("words only", denied={"attach_files"})
    async with run_bot(fake) as chat:
        interaction = fake.interact(channel, chat.ada, emote="😂")
        await fake.until(lambda: interaction.followups)
        [words] = interaction.followups
        assert words.is_ephemeral
        assert "`Attach Files`" in words.content
        assert chat.faces.requests == {}


async def test_direct_conversations_have_no_permissions_to_lack(chat: Chat) -> None:
    chat.fake.say(chat.fake.direct_channel(chat.ada), chat.ada, "!face 😂")
    assert await chat.faces.asked()


async def test_in_a_thread_sending_there_is_what_counts(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        thread = fake.start_thread(fake.channel, "a thread", chat.ada)
        fake.channel.denied.add("send_messages_in_threads")
        fake.change(fake.channel)
        question = fake.say(thread, chat.ada, "!face 😂")
        await fake.until(lambda: "⚠️" in question.reactions)
        assert chat.faces.requests == {}


# -- refused all the same -------------------------------------------------------------------------------------------


async def refused_answers(chat: Chat, channel: Channel, times: int) -> tuple[Message, FaceRequest]:
    """Of questions that were asked before the permission went, which nobody told the bot."""
    for count in range(1, times + 2):
        question = chat.fake.say(channel, chat.ada, "!face 😂")
        await chat.faces.asked(count)
    chat.fake.fail_next("POST", f"/channels/{channel.id}/messages", 403, code=50001, times=times)
    *requests, last = chat.faces.requests.values()
    for request in requests:
        with pytest.raises(Undeliverable):
            await chat.faces.answer(request)
    return question, last


async def test_after_three_refusals_nothing_is_tried_in_that_channel(chat: Chat) -> None:
    channel = chat.fake.add_channel("moody")
    question, last = await refused_answers(chat, channel, 3)
    chat.fake.http.requests.clear()
    with pytest.raises(Undeliverable):
        await chat.faces.answer(last)
    chat.fake.say(channel, chat.ada, "!face 🍕")
    hint = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    await chat.fake.answer_to(hint)
    assert not [path for _, path in chat.fake.http.requests if str(channel.id) in path]
    assert len(chat.faces.requests) == 4
    assert question.reactions == {}


async def test_two_refusals_are_no_reason_to_stop(chat: Chat) -> None:
    question, last = await refused_answers(chat, chat.fake.add_channel("moody"), 2)
    await chat.faces.answer(last)
    assert len(chat.fake.replies_to(question)) == 1


async def test_commands_are_answered_during_a_pause_because_their_responses_need_no_channel(chat: Chat) -> None:
    channel = chat.fake.add_channel("moody")
    await refused_answers(chat, channel, 3)
    interaction = chat.fake.interact(channel, chat.ada, emote="🍕")
    await chat.faces.answer(await chat.faces.asked(5))
    assert interaction.original is not None
    assert interaction.original.pictures()


async def told_of(chat: Chat, trouble: Channel, place: Channel) -> list[str]:
    """What the bot says about a channel in another, once it has said something: in `place` it may also say hello."""

    def said() -> list[str]:
        return [each.content for each in chat.fake.messages_in(place) if f"<#{trouble.id}>" in each.content]

    return await chat.fake.until(said)


async def test_admins_are_told_once_in_the_channel_they_chose(chat: Chat) -> None:
    logs, moody = chat.fake.add_channel("logs"), chat.fake.add_channel("moody")
    await chat.policy.set(str(chat.fake.guild.id), None, "log_channel_id", str(logs.id), by_user_id="1")
    await refused_answers(chat, moody, 3)
    [words] = await told_of(chat, moody, logs)
    assert "half an hour" in words


async def test_without_such_a_channel_they_are_told_where_discord_tells_its_own_news(fake: FakeDiscord) -> None:
    system = fake.guild.system_channel = fake.add_channel("system")
    moody = fake.add_channel("moody", denied={"attach_files"})
    async with run_bot(fake) as chat:
        for _ in range(4):  # words can be said, so there is no reason to stop saying them
            answer = await fake.answer_to(fake.say(moody, chat.ada, "!face 😂"))
            assert "`Attach Files`" in answer.content
        [words] = await told_of(chat, moody, system)
        assert "`Attach Files`" in words
        assert "half an hour" not in words


async def test_nobody_is_told_where_there_is_nobody_to_tell(chat: Chat) -> None:
    await refused_answers(chat, chat.fake.add_channel("moody"), 3)
    assert [message for message in chat.fake.messages if message.author is chat.fake.bot] == []
