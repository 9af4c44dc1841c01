"""The table in docs/discord.md of what works without the message-content intent, row by row."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.consent import Switch
from bot.discord.deleting import DELETE
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.showing import allow, bob, picture
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction
from tests.polling import until

Way: TypeAlias = Callable[[Chat], Awaitable[Callable[[], bool]]]
DOCS = Path(__file__).parents[3] / "docs" / "discord.md"


def asked(chat: Chat) -> bool:
    """Was a face asked for, with something to draw?"""
    return bool(chat.faces.requests)


def responded(*interactions: Interaction) -> bool:
    return all(each.original is not None and bool(each.original.content) for each in interactions)


async def slash(chat: Chat) -> Callable[[], bool]:
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    return lambda: asked(chat)


async def other_commands(chat: Chat) -> Callable[[], bool]:
    interactions = [
        chat.fake.interact(chat.fake.channel, chat.ada, "emote-info", emote="LUL"),
        chat.fake.interact(chat.fake.channel, chat.ada, "emoteface opt-out"),
    ]
    return lambda: responded(*interactions)


async def message_menu(chat: Chat) -> Callable[[], bool]:
    message = chat.fake.say(chat.fake.channel, bob(chat), "look")
    interaction = chat.fake.open_menu(message, chat.ada, DELETE)
    return lambda: responded(interaction)


async def mention(chat: Chat) -> Callable[[], bool]:
    chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} 😂")
    return lambda: asked(chat)


async def mention_with_picture(chat: Chat) -> Callable[[], bool]:
    chat.fake.say(chat.fake.channel, chat.ada, chat.fake.bot.mention, attachments=[picture()])
    return lambda: asked(chat)


async def reply_naming(chat: Chat) -> Callable[[], bool]:
    other = chat.fake.say(chat.fake.channel, bob(chat), "hello")
    chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} 😂", reply_to=other.id)
    return lambda: asked(chat)


async def reply_about_picture(chat: Chat) -> Callable[[], bool]:
    await allow(chat, Switch.OTHERS_PICTURES)
    other = chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()])
    chat.fake.say(chat.fake.channel, chat.ada, chat.fake.bot.mention, reply_to=other.id)
    return lambda: asked(chat)


async def reply_to_bot(chat: Chat) -> Callable[[], bool]:
    question = chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention}")
    answer = await chat.fake.answer_to(question)
    chat.fake.say(chat.fake.channel, chat.ada, "😂", reply_to=answer.id)
    return lambda: asked(chat)


async def direct(chat: Chat) -> Callable[[], bool]:
    chat.fake.say(chat.fake.direct_channel(chat.ada), chat.ada, "!face 😂")
    return lambda: asked(chat)


async def prefix(chat: Chat) -> Callable[[], bool]:
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    return lambda: asked(chat)


async def info_prefix(chat: Chat) -> Callable[[], bool]:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!emoteinfo LUL")
    return lambda: bool(chat.fake.replies_to(question))


async def last_picture(chat: Chat) -> Callable[[], bool]:
    await allow(chat, Switch.OTHERS_PICTURES, Switch.LAST_PICTURE)
    chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()])
    chat.fake.say(chat.fake.channel, chat.ada, chat.fake.bot.mention)
    return lambda: asked(chat)


async def user_menu(chat: Chat) -> Callable[[], bool]:
    chat.fake.open_user_menu(chat.fake.channel, chat.ada, chat.ada, "Face my avatar")
    return lambda: asked(chat)


async def reaction_to_mention(chat: Chat) -> Callable[[], bool]:
    return await reaction_to(chat, f"hey {chat.fake.bot.mention} 😂")


async def reaction_to_other(chat: Chat) -> Callable[[], bool]:
    return await reaction_to(chat, "hey 😂")


async def reaction_to(chat: Chat, text: str) -> Callable[[], bool]:
    await chat.policy.set(str(chat.fake.guild.id), None, "reaction_emoji", "🎭", "1")
    chat.fake.react(chat.fake.say(chat.fake.channel, bob(chat), text), chat.ada, "🎭")
    return lambda: asked(chat)


WAYS: dict[str, Way] = {
    "`/face`": slash,
    "`/emote-info` and `/emoteface …`": other_commands,
    "menu on a message": message_menu,
    "menu on a person": user_menu,
    "mention at the start of a message": mention,
    "mention, with a picture sent along": mention_with_picture,
    "reply with a mention and an emote's name": reply_naming,
    "reply with a mention alone, about the other's picture": reply_about_picture,
    "reply to the bot without a mention": reply_to_bot,
    "direct message with `!face`": direct,
    "`!face` in a server": prefix,
    "`!emoteinfo` in a server": info_prefix,
    "mention alone, about the channel's last picture": last_picture,
    "reaction to a message that mentions the bot": reaction_to_mention,
    "reaction to another message": reaction_to_other,
}
ROWS = re.findall(r"^\| (.+?) \| (yes|no) \| (yes|no) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_row_is_walked_through() -> None:
    assert [name for name, _, _ in ROWS] == list(WAYS)


@pytest.mark.parametrize("with_intent", [True, False], ids=["with", "without"])
@pytest.mark.parametrize(("name", "on", "off"), ROWS, ids=[name for name, _, _ in ROWS])
async def test_the_table_is_true(name: str, on: str, off: str, with_intent: bool) -> None:
    async with FakeDiscord(message_content=with_intent, interaction_limit_s=60) as fake, run_bot(fake) as chat:
        standing = chat.bot._tasks._running  # what goes on all the time
        works = await WAYS[name](chat)
        if (on if with_intent else off) == "yes":
            await until(works)
        else:  # heard in order, so with the answer to the mention everything before it was heard
            await fake.answer_to(fake.say(fake.channel, fake.user("Last"), fake.bot.mention))
            await until(lambda: chat.bot._tasks._running <= standing)
            assert not works()
    assert fake.complaints == []
