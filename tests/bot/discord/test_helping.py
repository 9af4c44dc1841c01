"""Help in one message, by every way there is."""

from __future__ import annotations

import pytest

from bot.help import HelpPlace, help_text
from bot.texts import LOCALES, say
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord


@pytest.mark.parametrize("text", ["!face help", "!face HELP ", "{bot} help", "{bot} !face help"])
async def test_one_message_says_how_it_is_done(chat: Chat, text: str) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, text.format(bot=chat.fake.bot.mention))
    answer = await chat.fake.answer_to(question)
    assert "`/face`" in answer.content
    assert f"{chat.fake.bot.mention} `😂 Kappa`" in answer.content
    assert "`!face :help:`" in answer.content
    assert answer.pinged == set()
    assert chat.faces.requests == {}


async def test_the_command_tells_the_asker_alone_in_their_language(chat: Chat) -> None:
    chat.ada.locale = "de"
    answer = await chat.fake.response_to(chat.fake.interact(chat.fake.channel, chat.ada, "emoteface help"))
    assert answer.is_ephemeral
    assert answer.content == say(help_text(HelpPlace(chat.fake.bot.mention, "!")), "de")


@pytest.mark.parametrize("text", ["!face :help:", "!face help 😂", "!face help x:2"])
async def test_an_emote_that_is_called_help_can_still_be_asked_for(chat: Chat, text: str) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, text)
    await chat.faces.asked()
    assert chat.faces.commands[0].words[0].strip(":") == "help"


async def test_the_prefix_is_named_only_where_it_is_heard(fake: FakeDiscord) -> None:
    async with run_bot(fake, servers={"prefix_enabled": False}) as chat:
        question = fake.say(fake.channel, chat.ada, f"{fake.bot.mention} help")
        assert "!face" not in (await fake.answer_to(question)).content
        direct = fake.say(fake.direct_channel(chat.ada), chat.ada, "!face help")
        assert "!face" in (await fake.answer_to(direct)).content


async def test_the_pages_are_linked_where_they_can_be_reached(fake: FakeDiscord) -> None:
    async with run_bot(fake, public_url="https://faces.example/") as chat:
        answer = await fake.response_to(fake.interact(fake.channel, chat.ada, "emoteface help"))
        assert "<https://faces.example/privacy>" in answer.content
        assert "<https://faces.example/terms>" in answer.content


@pytest.mark.parametrize("locale", LOCALES)
def test_it_fits_one_message_in_every_language(locale: str) -> None:
    place = HelpPlace("<@123456789012345678901>", "12345678", f"https://{'a' * 200}.example")
    assert len(say(help_text(place), locale)) <= 2000
