"""In whose language something is said: what all read, in the server's; what one reads, in theirs."""

from __future__ import annotations

from bot.errors import NothingToDraw
from bot.replies import words_for
from bot.texts import Text, say
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord

OURS = Text("That is a setting of servers.")


async def refusal(chat: Chat) -> str:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    await chat.fake.until(lambda: chat.fake.replies_to(question))
    return chat.fake.replies_to(question)[0].content


async def test_what_all_read_is_in_the_language_of_the_server(fake: FakeDiscord) -> None:
    fake.guild.locale = "de"
    async with run_bot(fake) as chat:
        assert await refusal(chat) == say(words_for(NothingToDraw()), "de")


async def test_an_admin_chooses_another_one(fake: FakeDiscord) -> None:
    fake.guild.locale = "de"
    async with run_bot(fake) as chat:
        await chat.policy.set(str(fake.guild.id), None, "language", "ja", "1")
        assert await refusal(chat) == say(words_for(NothingToDraw()), "ja")


async def test_a_server_whose_language_is_not_spoken_is_answered_in_english(fake: FakeDiscord) -> None:
    fake.guild.locale = "pt-BR"
    async with run_bot(fake) as chat:
        assert await refusal(chat) == say(words_for(NothingToDraw()))


async def test_what_one_reads_is_in_their_own(chat: Chat) -> None:
    chat.fake.guild.locale, chat.ada.locale = "de", "fr"
    interaction = chat.fake.interact(chat.fake.direct_channel(chat.ada), chat.ada, "emoteface settings")
    await chat.fake.until(lambda: interaction.original)
    assert interaction.original is not None
    assert interaction.original.is_ephemeral
    assert interaction.original.content == say(OURS, "fr")
