"""`/face`: private and blurred answers, suggestions while somebody types, and the same without the intent."""

from __future__ import annotations

import asyncio

import pytest

from bot.emotes.completion import Suggestion
from bot.errors import UnknownEmote
from bot.models import Origin, Platform
from inference.protocol import FaceOptions, Layout
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.fakes.discord.server import FakeDiscord


async def test_a_private_answer_is_seen_by_the_asker_alone(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", private=True)
    request = await chat.faces.asked()
    await chat.faces.answer(request)
    answer = await chat.fake.response_to(interaction)
    assert answer.is_ephemeral
    assert answer.pictures()
    assert chat.fake.messages_in(chat.fake.channel) == []


async def test_a_refusal_of_a_private_question_takes_its_place(chat: Chat) -> None:
    chat.faces.refusals["nope"] = UnknownEmote()
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="nope", private=True)
    answer = await chat.fake.response_to(interaction)
    assert answer.is_ephemeral
    assert answer.content == "I don't know that emote."
    assert interaction.followups == []


async def test_a_private_answer_speaks_the_askers_language_and_a_public_one_the_servers(chat: Chat) -> None:
    chat.ada.locale, chat.fake.guild.locale = "fr", "ja"
    for count, private in enumerate((True, False), start=1):
        chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", private=private)
        await chat.faces.asked(count)
    assert [standing.locale for standing in chat.faces.standings] == ["fr", "ja"]


async def test_a_servers_choice_of_language_wins_over_discords(chat: Chat) -> None:
    await chat.policy.set(str(chat.fake.guild.id), None, "language", "de", "1")
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.asked(2)
    assert [standing.locale for standing in chat.faces.standings] == ["de", "de"]


async def test_a_spoiler_is_blurred(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", spoiler=True)
    await chat.faces.answer(await chat.faces.asked())
    [picture] = (await chat.fake.response_to(interaction)).pictures()
    assert picture.is_spoiler


async def test_a_private_question_is_answered_privately_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        interaction = fake.interact(fake.channel, chat.ada, emote="😂", private=True)
        request = await faces.asked()
    async with run_bot(fake, faces):
        await faces.answer(request, maybe_sent=True)
    assert (await fake.response_to(interaction)).is_ephemeral
    assert fake.messages_in(fake.channel) == []


async def test_suggestions_are_whole_texts_and_choosing_one_asks_for_it(chat: Chat) -> None:
    chat.emotes.found = [Suggestion("😂 :kappa:", "😂 <:kappa:123456789012345678>"), Suggestion("😂 Kap", "😂 Kap")]
    choices = await chat.fake.autocomplete(chat.fake.channel, chat.ada, emote="😂 kap")
    assert [(each["name"], each["value"]) for each in choices] == [
        ("😂 :kappa:", "😂 <:kappa:123456789012345678>"),
        ("😂 Kap", "😂 Kap"),
    ]
    origin = Origin(Platform.DISCORD, str(chat.fake.guild.id), str(chat.fake.channel.id), str(chat.ada.id))
    assert chat.emotes.completed == [(origin, "😂 kap")]
    chat.fake.interact(chat.fake.channel, chat.ada, emote=choices[0]["value"])
    await chat.faces.asked()
    assert chat.faces.commands[0].words == ("😂", "<:kappa:123456789012345678>")


async def test_suggestions_that_take_too_long_are_none(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.discord.slash._PATIENCE_S", 0.01)
    chat.emotes.stuck = asyncio.Event()
    assert await chat.fake.autocomplete(chat.fake.channel, chat.ada, emote="kap") == []


async def test_suggestions_that_come_too_late_for_discord_disturb_nobody(chat: Chat) -> None:
    chat.emotes.found = [Suggestion("Kappa", "Kappa")]
    chat.fake.interaction_limit_s = 0.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await chat.fake.autocomplete(chat.fake.channel, chat.ada, emote="kap")
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕")
    await chat.faces.asked()


async def test_suggestions_and_menus_work_without_the_intent() -> None:
    async with FakeDiscord(message_content=False, interaction_limit_s=60) as fake, run_bot(fake) as chat:
        chat.emotes.found = [Suggestion("Kappa", "Kappa")]
        assert await fake.autocomplete(fake.channel, chat.ada, emote="kap")
        message = fake.say(fake.channel, fake.user("Bob"), "😂")
        fake.open_menu(message, chat.ada, "Make faces")
        assert (await chat.faces.asked()).emotes[0].name == "😂"
        assert fake.complaints == []


async def test_nothing_chosen_is_what_the_server_starts_from(chat: Chat) -> None:
    await chat.policy.set(str(chat.fake.guild.id), str(chat.fake.channel.id), "layout", "strip", "1")
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    assert (await chat.faces.asked()).options == FaceOptions(layout=Layout.STRIP)
