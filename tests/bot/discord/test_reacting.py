"""Reacting with the emoji that a server has chosen."""

from __future__ import annotations

import pytest

from bot.consent import Switch
from bot.discord.reacting import is_same_emoji
from bot.errors import CooldownActive
from bot.models import Way
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.bot.discord.showing import allow, bob, picture
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message

CHOSEN = "🎭"


async def choose(chat: Chat, emoji: str = CHOSEN) -> None:
    await chat.policy.set(str(chat.fake.guild.id), None, "reaction_emoji", emoji, "1")


async def nothing_came_of_it(chat: Chat) -> None:
    """What is asked afterwards is answered, and nothing before it was."""
    before = len(chat.faces.requests)
    question = chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} 🍕")
    request = await chat.faces.asked(before + 1)
    assert request.reply_target["message_id"] == question.id
    assert [message for message in chat.fake.messages if message.author is chat.fake.bot] == []


async def message_of(chat: Chat, text: str = "😂") -> Message:
    return chat.fake.say(chat.fake.channel, bob(chat), text)


async def test_a_reaction_asks_for_the_faces_of_the_message_and_the_answer_replies_to_it(chat: Chat) -> None:
    await choose(chat)
    message = await message_of(chat, "what a day 😂 🍕")
    chat.fake.react(message, chat.ada, CHOSEN)
    request = await chat.faces.asked()
    assert [emote.name for emote in request.emotes] == ["😂", "🍕"]
    assert request.origin.user_id == str(chat.ada.id)
    assert chat.faces.standings[0].way is Way.REACTION
    await chat.faces.answer(request)
    assert len(chat.fake.replies_to(message)) == 1


async def test_it_is_off_until_a_server_chooses_an_emoji_and_others_do_nothing(chat: Chat) -> None:
    message = await message_of(chat)
    chat.fake.react(message, chat.ada, CHOSEN)
    await nothing_came_of_it(chat)
    await choose(chat)
    chat.fake.react(message, chat.ada, "🍕")
    await nothing_came_of_it(chat)


async def test_many_people_get_one_answer(chat: Chat) -> None:
    await choose(chat)
    message = await message_of(chat)
    for person in (chat.ada, bob(chat), chat.fake.user("Cleo"), chat.fake.user("Dan")):
        chat.fake.react(message, person, CHOSEN)
    await chat.faces.asked()
    await nothing_came_of_it(chat)


async def test_taking_it_back_and_reacting_again_asks_no_second_time_even_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, servers={"reaction_emoji": CHOSEN}) as chat:
        message = await message_of(chat)
        fake.react(message, chat.ada, CHOSEN)
        await faces.asked()
        fake.unreact(message, chat.ada, CHOSEN)
        fake.react(message, chat.ada, CHOSEN)
        await nothing_came_of_it(chat)
    async with run_bot(fake, faces, servers={"reaction_emoji": CHOSEN}) as chat:
        fake.react(message, chat.ada, CHOSEN)
        await nothing_came_of_it(chat)


async def test_a_message_that_asked_by_itself_can_be_reacted_to(chat: Chat) -> None:
    await choose(chat)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.asked()
    chat.fake.react(question, chat.ada, CHOSEN)
    assert (await chat.faces.asked(2)).reply_target["reaction"] == CHOSEN


async def test_a_custom_emoji_is_known_by_its_id(chat: Chat) -> None:
    await choose(chat, "<:mask:123456789012345678>")
    chat.fake.react(await message_of(chat), chat.ada, "renamed:123456789012345678")
    await chat.faces.asked()


async def test_a_channel_may_have_its_own_emoji_and_its_threads_have_the_same(chat: Chat) -> None:
    await chat.policy.set(str(chat.fake.guild.id), str(chat.fake.channel.id), "reaction_emoji", CHOSEN, "1")
    elsewhere = chat.fake.say(chat.fake.add_channel("other"), chat.ada, "🐈")
    chat.fake.react(elsewhere, chat.ada, CHOSEN)
    thread = chat.fake.start_thread(chat.fake.channel, "thread", chat.ada)
    message = chat.fake.say(thread, bob(chat), "😂")
    chat.fake.react(message, chat.ada, CHOSEN)
    assert (await chat.faces.asked()).reply_target["message_id"] == message.id
    assert chat.faces.standings[0].parent_channel_id == str(chat.fake.channel.id)


async def test_what_cannot_be_drawn_or_is_refused_is_not_talked_about(chat: Chat) -> None:
    await choose(chat)
    chat.faces.refusals["🐈"] = CooldownActive(5)
    for message in (
        await message_of(chat, "nothing here"),
        await message_of(chat, "🐈"),
        chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()]),
    ):
        chat.fake.react(message, chat.ada, CHOSEN)
    await nothing_came_of_it(chat)


async def test_a_refused_reaction_may_be_repeated(chat: Chat) -> None:
    await choose(chat)
    message = chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()])
    chat.fake.react(message, chat.ada, CHOSEN)
    await nothing_came_of_it(chat)
    await allow(chat, Switch.OTHERS_PICTURES)
    chat.fake.react(message, chat.fake.user("Cleo"), CHOSEN)
    await chat.faces.asked(2)


async def test_bots_and_direct_conversations_have_no_reactions(chat: Chat) -> None:
    await choose(chat)
    chat.fake.react(await message_of(chat), chat.fake.user("Robot", bot=True), CHOSEN)
    direct = chat.fake.direct_channel(chat.ada)
    chat.fake.react(chat.fake.say(direct, chat.ada, "😂"), chat.ada, CHOSEN)
    await nothing_came_of_it(chat)


async def test_a_message_out_of_sight_is_left_alone(chat: Chat) -> None:
    await choose(chat)
    trouble = chat.fake.fail_next("GET", "/messages/", 404, code=10008)
    chat.fake.react(await message_of(chat), chat.ada, CHOSEN)
    await chat.fake.until(trouble.reached.is_set)
    await nothing_came_of_it(chat)


async def test_without_the_intent_it_works_where_discord_shows_the_content() -> None:
    async with (
        FakeDiscord(message_content=False, interaction_limit_s=60) as fake,
        run_bot(fake, servers={"reaction_emoji": CHOSEN}) as chat,
    ):
        fake.react(fake.say(fake.channel, bob(chat), "🐈"), chat.ada, CHOSEN)
        mention = fake.say(fake.channel, bob(chat), f"hey {fake.bot.mention} 😂")
        fake.react(mention, chat.ada, CHOSEN)
        assert (await chat.faces.asked()).emotes[0].name == "😂"
        assert fake.complaints == []


@pytest.mark.parametrize(
    ("chosen", "emoji", "same"),
    [
        ("❤", "❤️", True),
        ("😂", "🤣", False),
        ("<a:x:123456789012345678>", "<:y:123456789012345678>", True),
        ("123456789012345678", "<:y:123456789012345678>", True),
        ("<:x:123456789012345678>", "<:x:123456789012345679>", False),
        ("<:x:123456789012345678>", "😂", False),
    ],
)
def test_emoji_are_compared_by_what_they_show(chosen: str, emoji: str, same: bool) -> None:
    assert is_same_emoji(chosen, emoji) is same
