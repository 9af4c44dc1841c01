"""`/emote-info` and `!emoteinfo`; the server's own emoji by name."""

from __future__ import annotations

from bot.models import Emote, EmoteSource
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction
from tests.polling import until

EXPLAINED = "This is `LUL`, from BTTV (global).\n<https://betterttv.com/emotes/1>\nSearched: BTTV (global), emoji."


async def whispered(chat: Chat, interaction: Interaction) -> str:
    """What only the asker reads, once it is there."""
    original = await chat.fake.until(lambda: interaction.original and interaction.original.content)
    assert interaction.original is not None
    assert interaction.original.is_ephemeral
    return str(original)


async def test_emote_info_is_told_to_the_asker_alone(chat: Chat) -> None:
    asked = chat.fake.interact(chat.fake.channel, chat.ada, "emote-info", emote="LUL")
    assert await whispered(chat, asked) == EXPLAINED
    unknown = chat.fake.interact(chat.fake.channel, chat.ada, "emote-info", emote="@everyone")
    assert (await whispered(chat, unknown)).startswith("I don't know that emote.\nSearched: ")


async def test_emote_info_works_by_prefix_too(chat: Chat) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, "!emoteinfo")
    question = chat.fake.say(chat.fake.channel, chat.ada, "!EmoteInfo LUL and more")
    assert (await chat.fake.answer_to(question)).content == EXPLAINED
    assert not chat.faces.commands


async def test_the_servers_emoji_and_the_applications_are_known_by_name(fake: FakeDiscord) -> None:
    own, moving = fake.name_emoji("LUL"), fake.name_emoji("catDance", animated=True)
    fake.name_emoji("lost", available=False)
    mascot = fake.name_emoji("mascot", of_application=True)
    fake.name_emoji("LUL", of_application=True)
    async with run_bot(fake) as chat:
        await until(lambda: bool(chat.bot._link.client.application_emoji))
        fake.say(fake.channel, chat.ada, "!face LUL")
        fake.say(fake.direct_channel(chat.ada), chat.ada, "!face mascot")
        await chat.faces.asked(2)
    in_private, in_server = sorted(map(list, chat.faces.nearby), key=len)
    assert {listed.name: (listed.id, listed.animated) for listed in in_server} == {
        "LUL": (str(own), False),
        "catDance": (str(moving), True),
        "mascot": (str(mascot), False),
    }
    assert {listed.name for listed in in_private} == {"mascot", "LUL"}


async def test_an_emote_spelled_otherwise_is_named_under_its_face(chat: Chat) -> None:
    chat.faces.emotes["lul"] = Emote(EmoteSource.BTTV, "1", "LUL", picked=True)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face lul")
    await chat.faces.answer(await chat.faces.asked())
    [answer] = chat.fake.replies_to(question)
    assert (answer.texts(), len(answer.pictures())) == (["-# This is `LUL`."], 1)


async def test_without_the_applications_emoji_everything_else_works(fake: FakeDiscord) -> None:
    fake.fail_next("GET", "/emojis", 503, times=5)
    async with run_bot(fake) as chat:
        fake.say(fake.channel, chat.ada, "!face 😂")
        await chat.faces.asked()
