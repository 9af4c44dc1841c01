"""Which pictures a question is about, and whether they may be drawn."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.consent import Switch
from bot.models import Emote, EmoteSource, Platform
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.showing import PNG, SEVENTV, allow, bob, emotes_of, picture, shows, sticker, words_to
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Attachment


async def test_what_is_sent_along_is_drawn_and_is_the_askers(chat: Chat) -> None:
    attachment, wave = picture(), sticker()
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕 x:2", attachments=[attachment], stickers=[wave])
    request = await chat.faces.asked()
    on_cdn = request.emotes[1]
    assert request.emotes[0] == Emote(EmoteSource.STICKER, f"{wave.id}.json", animated=True)
    assert shows(on_cdn, attachment, chat.ada)
    assert on_cdn.id.startswith(chat.fake.cdn_url)
    assert "hm=" in on_cdn.id
    assert request.emotes[2].name == "🍕"
    assert (request.options.iterations, request.shown_user_ids) == (2, {str(chat.ada.id)})


async def test_other_files_than_pictures_are_no_pictures(chat: Chat) -> None:
    text = Attachment("notes.txt", b"text", content_type="text/plain")
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", attachments=[text])
    assert "Name an emote" in await words_to(chat, question)


@pytest.mark.parametrize(
    ("attachment", "size"),
    [
        (picture("phone.jpg", size=(4000, 3000)), None),
        (Attachment("phone.jpg", PNG, content_type="image/jpeg", size=(4000, 3000)), None),
        (picture(size=(3000, 1500)), (1024, 512)),
        (Attachment("camera.jpg", PNG, content_type="image/jpeg", size=(10_000, 6000)), (1024, 614)),
        (Attachment("heavy.gif", bytes(2_000_001), content_type="image/gif", size=(498, 280)), (498, 280)),
    ],
    ids=["large png", "12 Mpx jpeg", "4.5 Mpx png", "60 Mpx jpeg", "heavy gif"],
)
async def test_what_is_too_large_to_be_read_comes_smaller_from_discords_proxy(
    chat: Chat, attachment: Attachment, size: tuple[int, int] | None
) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, "!face", attachments=[attachment])
    [emote] = await emotes_of(chat)
    url = URL(emote.id)
    if attachment.content_type == "image/png":
        size = (1024, 768) if attachment.filename == "phone.jpg" else size
    if size is None:
        assert emote.id.startswith(chat.fake.cdn_url)
        assert "width" not in url.query
    else:
        assert emote.id.startswith(chat.fake.media_url)
        assert (int(url.query["width"]), int(url.query["height"])) == size
        assert url.query["hm"] == "00ff"


async def test_a_reply_is_about_everything_the_message_shows(chat: Chat) -> None:
    emoji_id = chat.fake.files.add_emoji()
    said = chat.fake.say(
        chat.fake.channel,
        bob(chat),
        f"look <a:dance:{emoji_id}> at 👩🏽‍🚀 this LUL",
        stickers=[sticker(4)],
        previews=[SEVENTV],
    )
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    request = await chat.faces.asked()
    assert [emote.source for emote in request.emotes[:2]] == [EmoteSource.STICKER, EmoteSource.LINK]
    assert request.emotes[0].id.endswith(".gif")
    assert request.emotes[1].id == SEVENTV
    assert chat.faces.commands[0].words == (f"<a:dance:{emoji_id}>", "👩🏽‍🚀")
    assert request.shown_user_ids == set()


async def test_a_reply_with_emotes_of_its_own_is_about_these(chat: Chat) -> None:
    said = chat.fake.say(chat.fake.channel, chat.ada, "😂", attachments=[picture()])
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕", reply_to=said.id)
    assert [emote.name for emote in await emotes_of(chat)] == ["🍕"]


async def test_of_a_crowded_message_the_first_four_are_drawn(chat: Chat) -> None:
    said = chat.fake.say(chat.fake.channel, bob(chat), "😂🍕💀🎉🐈", stickers=[sticker()])
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert [emote.name for emote in await emotes_of(chat)] == [None, "😂", "🍕", "💀"]


async def test_a_reply_that_comes_without_its_message_is_looked_up(chat: Chat) -> None:
    chat.fake.quotes_replies = False
    said = chat.fake.say(chat.fake.channel, bob(chat), "😂")
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert [emote.name for emote in await emotes_of(chat)] == ["😂"]


async def test_a_reply_to_what_is_gone_gets_the_hint(chat: Chat) -> None:
    said = chat.fake.say(chat.fake.channel, bob(chat), "😂")
    chat.fake.delete(said)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert "Name an emote" in await words_to(chat, question)


async def test_somebody_elses_upload_is_drawn_only_where_an_admin_allows_it(chat: Chat) -> None:
    other, attachment = bob(chat), picture()
    said = chat.fake.say(chat.fake.channel, other, "me", attachments=[attachment])
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert "/emoteface settings" in await words_to(chat, question)
    await allow(chat, Switch.OTHERS_PICTURES)
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    request = await chat.faces.asked()
    assert shows(request.emotes[0], attachment, other)
    assert request.shown_user_ids == {str(other.id)}


async def test_the_upload_of_somebody_who_opted_out_is_never_drawn_by_others_but_by_themselves(chat: Chat) -> None:
    other = bob(chat)
    await allow(chat, Switch.OTHERS_PICTURES)
    await chat.consent.opt_out(Platform.DISCORD, str(other.id), out=True)
    said = chat.fake.say(chat.fake.channel, other, "me", attachments=[picture()])
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert await words_to(chat, question) == "That person doesn't want to be drawn."
    chat.fake.say(chat.fake.channel, other, "!face", reply_to=said.id)
    assert (await chat.faces.asked()).shown_user_ids == {str(other.id)}


async def test_what_may_be_drawn_of_a_message_is_drawn_without_the_rest(chat: Chat) -> None:
    said = chat.fake.say(chat.fake.channel, bob(chat), "😂", attachments=[picture()])
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert [emote.name for emote in await emotes_of(chat)] == ["😂"]


@pytest.mark.parametrize("webhook", [False, True])
async def test_what_bots_and_webhooks_post_belongs_to_nobody_knows_whom(chat: Chat, webhook: bool) -> None:
    await allow(chat, Switch.OTHERS_PICTURES)
    author = chat.fake.user("Relay", bot=not webhook)
    said = chat.fake.say(chat.fake.channel, author, "", attachments=[picture()], webhook=webhook)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert "whose picture" in await words_to(chat, question)


async def test_a_preview_from_a_host_that_is_not_asked_is_refused_in_words(chat: Chat) -> None:
    said = chat.fake.say(
        chat.fake.channel, bob(chat), "https://evil.example/a.png", previews=["https://evil.example/a.png"]
    )
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert "links to emotes" in await words_to(chat, question)


async def test_a_preview_of_somebodys_avatar_on_the_cdn_is_refused_too(chat: Chat) -> None:
    await allow(chat, Switch.OTHERS_PICTURES)
    url = f"{chat.fake.cdn_url}/avatars/{chat.ada.id}/abc.png"
    said = chat.fake.say(chat.fake.channel, bob(chat), url, previews=[url])
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=said.id)
    assert "links to emotes" in await words_to(chat, question)


async def test_a_forwarded_message_shows_what_was_forwarded(chat: Chat) -> None:
    original = chat.fake.say(chat.fake.add_channel("elsewhere"), bob(chat), "😂", stickers=[sticker()])
    forward = chat.fake.say(chat.fake.channel, chat.fake.user("Eve"), forwarded=original)
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=forward.id)
    emotes = await emotes_of(chat)
    assert [emote.name for emote in emotes] == [None, "😂"]
    assert emotes[0].source is EmoteSource.STICKER


async def test_a_forwarded_picture_belongs_to_whom_it_is_from(chat: Chat) -> None:
    attachment = picture()
    original = chat.fake.say(chat.fake.add_channel("elsewhere"), chat.ada, attachments=[attachment])
    forward = chat.fake.say(chat.fake.channel, chat.fake.user("Eve"), forwarded=original)
    chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=forward.id)
    assert shows((await emotes_of(chat))[0], attachment, chat.ada)


async def test_a_forwarded_picture_from_where_the_bot_cannot_look_is_refused(chat: Chat) -> None:
    await allow(chat, Switch.OTHERS_PICTURES)
    hidden = chat.fake.add_channel("hidden", denied={"view_channel"})
    original = chat.fake.say(hidden, bob(chat), attachments=[picture()])
    forward = chat.fake.say(chat.fake.channel, bob(chat), forwarded=original)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face", reply_to=forward.id)
    assert "whose picture" in await words_to(chat, question)


async def test_the_last_picture_in_the_channel_is_taken_only_where_an_admin_says_so(chat: Chat) -> None:
    attachment = picture()
    chat.fake.say(chat.fake.channel, chat.ada, attachments=[picture("older.png")])
    chat.fake.say(chat.fake.channel, chat.ada, "mine", attachments=[attachment])
    chat.fake.say(chat.fake.channel, bob(chat), "nice 😂")
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    assert "Name an emote" in await words_to(chat, question)
    await allow(chat, Switch.LAST_PICTURE)
    chat.fake.say(chat.fake.channel, chat.ada, "!face")
    [emote] = await emotes_of(chat)
    assert shows(emote, attachment, chat.ada)


async def test_pictures_of_others_are_passed_over_for_the_last_that_may_be_drawn(chat: Chat) -> None:
    await allow(chat, Switch.LAST_PICTURE)
    wave = sticker()
    chat.fake.say(chat.fake.channel, bob(chat), stickers=[wave])
    chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()])
    chat.fake.say(chat.fake.channel, chat.ada, "!face")
    assert [emote.id for emote in await emotes_of(chat)] == [f"{wave.id}.json"]


async def test_when_only_pictures_of_others_are_there_the_reason_is_said(chat: Chat) -> None:
    await allow(chat, Switch.LAST_PICTURE)
    chat.fake.say(chat.fake.channel, bob(chat), attachments=[picture()])
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    assert "/emoteface settings" in await words_to(chat, question)


async def test_without_the_right_to_read_back_there_is_no_last_picture(chat: Chat) -> None:
    await allow(chat, Switch.LAST_PICTURE)
    channel = chat.fake.add_channel("blind", denied={"read_message_history"})
    chat.fake.say(channel, chat.ada, attachments=[picture()])
    chat.fake.say(channel, chat.ada, "!face")
    await chat.fake.until(lambda: any(m.channel is channel and m.author is chat.fake.bot for m in chat.fake.messages))
    assert chat.faces.requests == {}


async def test_without_the_intent_a_replied_messages_stickers_are_still_seen() -> None:
    async with FakeDiscord(message_content=False, interaction_limit_s=60) as fake, run_bot(fake) as chat:
        said = fake.say(fake.channel, bob(chat), "😂", stickers=[sticker()], attachments=[picture()])
        fake.say(fake.channel, chat.ada, fake.bot.mention, reply_to=said.id)
        assert [emote.source for emote in await emotes_of(chat)] == [EmoteSource.STICKER]
