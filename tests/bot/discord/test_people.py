"""Avatars and the server's icon, by name and by slash command."""

from __future__ import annotations

import pytest

from bot.consent import Switch
from bot.models import EmoteSource, Platform
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.showing import PNG, allow, bob, emotes_of, picture, shows, words_to
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Attachment


@pytest.mark.parametrize("text", ["!face @me", "!face @ME", "!face {ada}"])
async def test_ones_own_avatar_is_always_fine(chat: Chat, text: str) -> None:
    portrait = chat.fake.files.add_portrait(chat.ada, PNG)
    chat.fake.say(chat.fake.channel, chat.ada, text.format(ada=chat.ada.mention))
    [emote] = await emotes_of(chat)
    assert emote.source is EmoteSource.AVATAR
    assert emote.id.startswith(f"{chat.fake.cdn_url}/avatars/{chat.ada.id}/{portrait}.png")
    assert emote.shown_user_id == str(chat.ada.id)


async def test_an_avatar_of_discords_own_is_drawn_too(chat: Chat) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, "!face @me")
    assert "/embed/avatars/" in (await emotes_of(chat))[0].id


async def test_somebody_elses_avatar_needs_an_admins_word_and_no_opt_out(chat: Chat) -> None:
    other = bob(chat)
    refused = chat.fake.say(chat.fake.channel, chat.ada, f"!face {other.mention}")
    assert "/emoteface settings" in await words_to(chat, refused)
    await allow(chat, Switch.OTHERS_PICTURES)
    chat.fake.say(chat.fake.channel, chat.ada, f"!face {other.mention}")
    request = await chat.faces.asked()
    assert (request.emotes[0].source, request.shown_user_ids) == (EmoteSource.AVATAR, {str(other.id)})
    await chat.consent.opt_out(Platform.DISCORD, str(other.id), out=True)
    never = chat.fake.say(chat.fake.channel, chat.ada, f"!face {other.mention}")
    assert (await chat.fake.answer_to(never)).content == "That person doesn't want to be drawn."


async def test_a_bots_avatar_is_nobodys(chat: Chat) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, f"!face {chat.fake.bot.mention}")
    [emote] = await emotes_of(chat)
    assert (emote.source, emote.shown_user_id) == (EmoteSource.AVATAR, None)


async def test_the_servers_icon_is_drawn_if_it_has_one(fake: FakeDiscord) -> None:
    portrait = fake.files.add_portrait(fake.guild, PNG)
    async with run_bot(fake) as chat:
        fake.say(fake.channel, chat.ada, "!face @server")
        [emote] = await emotes_of(chat)
        assert emote.source is EmoteSource.SERVER_ICON
        assert emote.id.startswith(f"{fake.cdn_url}/icons/{fake.guild.id}/{portrait}.png")


async def test_where_there_is_no_server_icon_that_is_said(chat: Chat) -> None:
    for channel in (chat.fake.channel, chat.fake.direct_channel(chat.ada)):
        question = chat.fake.say(channel, chat.ada, "!face @server")
        assert (await chat.fake.answer_to(question)).content == "There is no server icon here."


async def test_a_slash_command_takes_a_picture_and_a_member(chat: Chat) -> None:
    attachment = picture()
    chat.fake.interact(chat.fake.channel, chat.ada, picture=attachment, member=chat.ada, emote="🍕 x:2")
    request = await chat.faces.asked()
    assert shows(request.emotes[0], attachment, chat.ada)
    assert request.emotes[1].source is EmoteSource.AVATAR
    assert request.emotes[2].name == "🍕"
    assert request.options.iterations == 2


async def test_a_slash_commands_member_is_asked_for_consent_like_everybody(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, member=bob(chat))
    await chat.fake.until(lambda: interaction.followups)
    assert "/emoteface settings" in interaction.followups[0].content
    assert chat.faces.requests == {}


async def test_a_slash_commands_file_that_is_no_picture_is_refused(chat: Chat) -> None:
    text = Attachment("notes.txt", b"text", content_type="text/plain")
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, picture=text)
    await chat.fake.until(lambda: interaction.followups)
    assert "can't read that picture" in interaction.followups[0].content
