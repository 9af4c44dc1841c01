"""Menus on messages and people: nobody has to type."""

from __future__ import annotations

import pytest

from bot.consent import Switch
from bot.models import EmoteSource, Platform
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.bot.discord.showing import PNG, allow, bob, picture, shows
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message, Sticker

MAKE, MINE, THEIRS = "Make faces", "Face my avatar", "Face this avatar"
PICK = "faces:pick"


async def question_of(chat: Chat, interaction: Interaction) -> Message:
    """The select that only the asker sees."""
    asked = await chat.fake.response_to(interaction)
    assert asked.is_ephemeral
    return asked


def labels(message: Message) -> list[str]:
    [select] = message.selects()
    return [option["label"] for option in select["options"]]


async def test_a_message_with_one_emote_gets_its_face_at_once(chat: Chat) -> None:
    message = chat.fake.say(chat.fake.channel, bob(chat), "look: 😂")
    interaction = chat.fake.open_menu(message, chat.ada, MAKE)
    request = await chat.faces.asked()
    assert [emote.name for emote in request.emotes] == ["😂"]
    assert request.origin.user_id == str(chat.ada.id)
    await chat.faces.answer(request)
    answer = await chat.fake.response_to(interaction)
    assert answer.pictures()
    assert not answer.is_ephemeral


async def test_of_several_the_asker_alone_is_asked_which(chat: Chat) -> None:
    sticker = Sticker("wave", 1, PNG)
    message = chat.fake.say(
        chat.fake.channel, chat.ada, "😂 <:kappa:123456789012345678> 😂", attachments=[picture()], stickers=[sticker]
    )
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    assert labels(asked) == ["Picture 1", "Sticker 1", "😂", "kappa"]
    assert len(asked.pictures()) == 1
    assert chat.faces.requests == {}


async def test_what_is_chosen_is_drawn_for_everybody(chat: Chat) -> None:
    attachment, sticker = picture(), Sticker("wave", 1, PNG)
    message = chat.fake.say(
        chat.fake.channel, chat.ada, "😂 <a:dance:123456789012345678>", attachments=[attachment], stickers=[sticker]
    )
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    choosing = chat.fake.choose(asked, chat.ada, PICK, ["Picture 1", "Sticker 1", "dance"])
    request = await chat.faces.asked()
    assert shows(request.emotes[0], attachment, chat.ada)
    assert (request.emotes[1].source, request.emotes[1].id) == (EmoteSource.STICKER, f"{sticker.id}.png")
    assert chat.faces.commands[0].words == ("<a:dance:123456789012345678>",)
    await chat.faces.answer(request)
    answer = await chat.fake.response_to(choosing)
    assert answer.pictures()
    assert not answer.is_ephemeral


async def test_a_choice_made_after_a_restart_is_drawn_all_the_same(fake: FakeDiscord) -> None:
    faces, attachment = ScriptedFaces(), picture()
    async with run_bot(fake, faces) as chat:
        message = fake.say(fake.channel, chat.ada, "😂", attachments=[attachment])
        asked = await question_of(chat, fake.open_menu(message, chat.ada, MAKE))
    async with run_bot(fake, faces):
        fake.choose(asked, chat.ada, PICK, ["Picture 1", "😂"])
        request = await faces.asked()
        assert shows(request.emotes[0], attachment, chat.ada)
        assert request.emotes[1].name == "😂"
        await faces.answer(request)


async def test_at_most_as_many_as_fit_one_answer_can_be_chosen(chat: Chat) -> None:
    message = chat.fake.say(chat.fake.channel, chat.ada, "😂🍕🐈🎉👻💀🤡")
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    [select] = asked.selects()
    assert (select["max_values"], len(select["options"])) == (4, 7)


async def test_a_message_full_of_emotes_offers_as_many_as_a_select_holds(chat: Chat) -> None:
    animals = "🐀🐁🐂🐃🐄🐅🐆🐇🐈🐉🐊🐋🐌🐍🐎🐏🐐🐑🐒🐓🐔🐕🐖🐗🐘🐙🐚🐛🐜🐝"
    message = chat.fake.say(chat.fake.channel, chat.ada, animals, attachments=[picture() for _ in range(10)])
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    assert len(labels(asked)) == 25
    assert len(asked.pictures()) == 10


async def test_names_that_may_not_be_shown_are_counted(chat: Chat) -> None:
    message = chat.fake.say(chat.fake.channel, bob(chat), "<:rude:123456789012345678> 😂")
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    assert labels(asked) == ["Emoji 1", "😂"]


async def test_emotes_that_are_only_named_count_too(chat: Chat) -> None:
    chat.emotes.names = {"LUL", "Kappa"}
    message = chat.fake.say(chat.fake.channel, bob(chat), "that was LUL LUL not kappa 😂")
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    assert labels(asked) == ["😂", "LUL"]
    chat.fake.choose(asked, chat.ada, PICK, ["LUL"])
    await chat.faces.asked()
    assert chat.faces.commands[0].words == ("LUL",)


async def test_a_message_that_shows_nothing_says_so_to_the_asker(chat: Chat) -> None:
    message = chat.fake.say(chat.fake.channel, bob(chat), "hello @everyone")
    answer = await chat.fake.response_to(chat.fake.open_menu(message, chat.ada, MAKE))
    assert answer.is_ephemeral
    assert answer.content == "There is nothing in that message that I could draw."


async def test_somebody_elses_pictures_follow_the_rule_of_consent(chat: Chat) -> None:
    other = bob(chat)
    message = chat.fake.say(chat.fake.channel, other, attachments=[picture()])
    refused = await chat.fake.response_to(chat.fake.open_menu(message, chat.ada, MAKE))
    assert "/emoteface settings" in refused.content
    await allow(chat, Switch.OTHERS_PICTURES)
    chat.fake.open_menu(message, chat.ada, MAKE)
    assert (await chat.faces.asked()).shown_user_ids == {str(other.id)}


async def test_consent_is_asked_again_when_the_choice_is_made(chat: Chat) -> None:
    other = bob(chat)
    await allow(chat, Switch.OTHERS_PICTURES)
    message = chat.fake.say(chat.fake.channel, other, "😂", attachments=[picture()])
    asked = await question_of(chat, chat.fake.open_menu(message, chat.ada, MAKE))
    await chat.consent.opt_out(Platform.DISCORD, str(other.id), out=True)
    choosing = chat.fake.choose(asked, chat.ada, PICK, ["Picture 1"])
    await chat.fake.until(lambda: choosing.followups)
    assert choosing.followups[0].content == "That person doesn't want to be drawn."
    assert choosing.followups[0].is_ephemeral
    assert chat.faces.requests == {}


async def test_a_forwarded_message_shows_what_was_forwarded(chat: Chat) -> None:
    original = chat.fake.say(chat.fake.channel, chat.ada, "😂")
    message = chat.fake.say(chat.fake.channel, bob(chat), forwarded=original)
    chat.fake.open_menu(message, chat.ada, MAKE)
    assert (await chat.faces.asked()).emotes[0].name == "😂"


@pytest.mark.parametrize("on_self", [True, False])
async def test_ones_own_avatar_is_drawn_whoever_the_menu_is_opened_on(chat: Chat, on_self: bool) -> None:
    chat.fake.open_user_menu(chat.fake.channel, chat.ada if on_self else bob(chat), chat.ada, MINE)
    request = await chat.faces.asked()
    assert [emote.source for emote in request.emotes] == [EmoteSource.AVATAR]
    assert request.shown_user_ids == {str(chat.ada.id)}


async def test_somebody_elses_avatar_needs_their_and_the_servers_consent(chat: Chat) -> None:
    other = bob(chat)
    refused = chat.fake.open_user_menu(chat.fake.channel, other, chat.ada, THEIRS)
    await chat.fake.until(lambda: refused.followups)
    assert "/emoteface settings" in refused.followups[0].content
    await allow(chat, Switch.OTHERS_PICTURES)
    chat.fake.open_user_menu(chat.fake.channel, other, chat.ada, THEIRS)
    assert (await chat.faces.asked()).shown_user_ids == {str(other.id)}
    await chat.consent.opt_out(Platform.DISCORD, str(other.id), out=True)
    never = chat.fake.open_user_menu(chat.fake.channel, other, chat.ada, THEIRS)
    await chat.fake.until(lambda: never.followups)
    assert len(chat.faces.requests) == 1
