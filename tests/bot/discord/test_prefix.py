"""The prefix: which it is, where it is heard, and what is never taken for a command."""

from __future__ import annotations

import pytest

from bot.discord.prefix import after_mention, may_begin
from bot.models import Way
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord


async def sets(chat: Chat, name: str, value: object, *, here: bool = False) -> None:
    """An admin's choice, for the server or (`here`) the channel."""
    channel_id = str(chat.fake.channel.id) if here else None
    await chat.policy.set(str(chat.fake.guild.id), channel_id, name, value, "1")


async def heard(chat: Chat, silent: str) -> None:
    """The first text gets nothing; a mention after it is answered, which shows that it was not just slow."""
    chat.fake.say(chat.fake.channel, chat.ada, silent)
    question = chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} 🍕")
    request = await chat.faces.asked()
    assert request.reply_target["message_id"] == question.id
    assert len(chat.faces.requests) == 1


async def test_where_no_admin_has_switched_it_on_the_prefix_is_not_heard_but_a_mention_is(chat: Chat) -> None:
    await sets(chat, "prefix_enabled", False)
    await heard(chat, "!face 😂")
    assert chat.faces.standings[0].way is Way.MENTION
    assert [message for message in chat.fake.messages if message.author is chat.fake.bot] == []


async def test_it_can_be_switched_on_for_one_channel(chat: Chat) -> None:
    await sets(chat, "prefix_enabled", False)
    await sets(chat, "prefix_enabled", True, here=True)
    other = chat.fake.add_channel("other")
    chat.fake.say(other, chat.ada, "!face 🐈")
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    assert (await chat.faces.asked()).reply_target["message_id"] == question.id
    assert chat.faces.standings[0].way is Way.PREFIX


async def test_where_faces_are_off_the_prefix_is_silent(chat: Chat) -> None:
    await sets(chat, "enabled", False, here=True)
    await heard(chat, "!face help")


async def test_a_server_has_its_own_prefix(chat: Chat) -> None:
    await sets(chat, "prefix", "ef.")
    await heard(chat, "!face 😂")
    chat.fake.say(chat.fake.channel, chat.ada, "EF.face 😂")
    assert (await chat.faces.asked(2)).emotes[0].name == "😂"


async def test_a_mention_with_the_command_spelled_out_means_the_same(chat: Chat) -> None:
    await sets(chat, "prefix", "ef.")
    chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} ef.face 😂")
    assert (await chat.faces.asked()).emotes[0].name == "😂"


async def test_in_a_direct_conversation_the_usual_prefix_is_always_heard(fake: FakeDiscord) -> None:
    async with run_bot(fake, servers={"prefix_enabled": False}) as chat:
        fake.say(fake.direct_channel(chat.ada), chat.ada, "!face 😂")
        await chat.faces.asked()
        assert chat.faces.standings[0].way is Way.MENTION


async def test_the_instances_prefix_is_the_usual_one(fake: FakeDiscord) -> None:
    async with run_bot(fake, settings={"prefix": "$"}) as chat:
        fake.say(fake.channel, chat.ada, "!face 😂")
        fake.say(fake.channel, chat.ada, "$face 🍕")
        assert (await chat.faces.asked()).emotes[0].name == "🍕"


async def test_emote_info_is_heard_by_the_same_rule(chat: Chat) -> None:
    await sets(chat, "prefix", "?")
    chat.fake.say(chat.fake.channel, chat.ada, "!emoteinfo LUL")
    question = chat.fake.say(chat.fake.channel, chat.ada, "?emoteinfo LUL")
    await chat.fake.answer_to(question)
    assert len([message for message in chat.fake.messages if message.author is chat.fake.bot]) == 1


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("<@7> 😂", "😂"),
        ("<@!7>😂", "😂"),
        (" <@7>", ""),
        ("<@7>\n😂\n🍕", "😂\n🍕"),
        ("<@8> 😂", None),
        ("hey <@7> 😂", None),
        ("", None),
    ],
)
def test_only_a_leading_mention_asks(text: str, asked: str | None) -> None:
    assert after_mention(text, 7) == asked


@pytest.mark.parametrize("text", ["!face 😂", " ef.FACE😂", "$face", "longlongface x"])
def test_what_could_be_a_command_is_looked_at(text: str) -> None:
    assert may_begin(text, "face")


@pytest.mark.parametrize(
    "text", ["face 😂", "!faceplant", "my face", "I love !face", "much-too-long-face", "", "!emoteinfo LUL"]
)
def test_other_talk_is_not_even_looked_at(text: str) -> None:
    assert not may_begin(text, "face")
