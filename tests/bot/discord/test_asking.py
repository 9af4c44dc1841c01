"""Asking in every way Discord offers, and being left alone."""

from __future__ import annotations

import pytest

from bot.errors import UnknownEmote
from bot.models import FacePicture, Origin, Platform
from inference.protocol import AUTO, FaceOptions, Format, Layout, Style
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import WEBP
from tests.fakes.discord.server import FakeDiscord
from tests.polling import until


async def test_a_prefix_question_gets_one_reply_with_the_picture(chat: Chat) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂 🍕")
    request = await chat.faces.asked()
    answer_ref = await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    assert answer_ref == str(answer.id)
    assert answer.content == ""
    [attachment] = answer.attachments
    assert attachment.content == WEBP
    assert attachment.filename == f"face-{request.id}.webp"
    assert attachment.description == "Faces made from 😂, 🍕, AI-generated"


async def test_the_request_says_who_asked_and_where(chat: Chat) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    channel = chat.fake.channel
    assert request.origin == Origin(Platform.DISCORD, str(chat.fake.guild.id), str(channel.id), str(chat.ada.id))


async def test_a_direct_conversation_is_its_own_scope(chat: Chat) -> None:
    channel = chat.fake.direct_channel(chat.ada)
    question = chat.fake.say(channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    assert request.origin.scope_id == f"dm:{channel.id}"
    await chat.faces.answer(request)
    assert chat.fake.replies_to(question)


async def test_a_mention_asks_too(chat: Chat) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, f"{chat.fake.bot.mention} 😂 x:3")
    request = await chat.faces.asked()
    assert request.options.iterations == 3
    await chat.faces.answer(request)
    assert chat.fake.replies_to(question)


async def test_custom_emoji_markup_is_passed_through_as_words(chat: Chat) -> None:
    emoji_id = chat.fake.files.add_emoji()
    chat.fake.say(chat.fake.channel, chat.ada, f"!face <:kappa:{emoji_id}> <a:dance:{emoji_id}>")
    await chat.faces.asked()
    assert chat.faces.commands[0].words == (f"<:kappa:{emoji_id}>", f"<a:dance:{emoji_id}>")


async def test_the_defaults_of_the_server_are_the_starting_point(chat: Chat) -> None:
    for name, value in (("realism", 0.5), ("layout", "face")):
        await chat.policy.set(str(chat.fake.guild.id), None, name, value, "1")
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂 layout:strip")
    assert (await chat.faces.asked()).options == FaceOptions(realism=0.5, layout=Layout.STRIP)


async def test_a_slash_command_gets_its_deferred_response_edited_into_the_picture(chat: Chat) -> None:
    interaction = chat.fake.interact(
        chat.fake.channel,
        chat.ada,
        emote="😂 seed:1",
        style="classic",
        realism=0.4,
        iterations="5",
        seed=7,
        layout="strip",
    )
    request = await chat.faces.asked()
    assert interaction.original is not None
    assert interaction.original.is_loading
    assert request.options == FaceOptions(Style.CLASSIC, 0.4, 5, 7, Layout.STRIP)
    answer_ref = await chat.faces.answer(request)
    assert answer_ref == str(interaction.original.id)
    assert [attachment.content for attachment in interaction.original.attachments] == [WEBP]
    assert not interaction.original.is_ephemeral
    assert not interaction.original.is_loading
    assert interaction.followups == []


async def test_a_slash_command_can_ask_for_the_best_of_all_rounds(chat: Chat) -> None:
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", iterations="auto")
    assert (await chat.faces.asked()).options == FaceOptions(iterations=AUTO)


async def test_a_gif_is_posted_under_the_name_of_one(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂", format="gif")
    request = await chat.faces.asked()
    assert request.options.form is Format.GIF
    await chat.faces.answer(request, FacePicture(request.id, b"GIF89a, a small but finished face", 256, 128))
    assert interaction.original is not None
    [attachment] = interaction.original.attachments
    assert attachment.filename == f"face-{request.id}.gif"


async def test_options_left_out_of_a_slash_command_keep_what_was_typed(chat: Chat) -> None:
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂 x:3 layout:grid")
    assert (await chat.faces.asked()).options == FaceOptions(iterations=3, layout=Layout.GRID)


async def test_a_slash_command_works_in_a_direct_conversation(chat: Chat) -> None:
    channel = chat.fake.direct_channel(chat.ada)
    interaction = chat.fake.interact(channel, chat.ada, emote="😂")
    request = await chat.faces.asked()
    assert request.origin == Origin(Platform.DISCORD, f"dm:{channel.id}", str(channel.id), str(chat.ada.id))
    await chat.faces.answer(request)
    assert interaction.original is not None
    assert interaction.original.attachments


async def test_an_unknown_emote_is_answered_kindly_and_nobody_is_pinged(chat: Chat) -> None:
    chat.faces.refusals["@everyone"] = UnknownEmote(("kappa",))
    question = chat.fake.say(chat.fake.channel, chat.ada, f"!face @everyone {chat.ada.mention}")
    answer = await chat.fake.answer_to(question)
    assert answer.content == "I don't know that emote. Did you mean `kappa`?"
    assert answer.pinged == set()
    assert chat.faces.requests == {}


async def test_a_bad_option_is_explained(chat: Chat) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂 x:99")
    assert (await chat.fake.answer_to(question)).content == "`x:` takes a whole number from 1 to 10, or auto."


@pytest.mark.parametrize("text", ["!face", "{bot}", "{bot} !face"])
async def test_asking_for_nothing_gets_a_hint(chat: Chat, text: str) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, text.format(bot=chat.fake.bot.mention))
    assert "!face" in (await chat.fake.answer_to(question)).content


async def test_a_refused_slash_command_is_told_to_the_asker_alone(chat: Chat) -> None:
    chat.faces.refusals["nope"] = UnknownEmote()
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="nope")
    await chat.fake.until(lambda: interaction.followups)
    [words] = interaction.followups
    assert words.content == "I don't know that emote."
    assert words.is_ephemeral
    assert interaction.original is not None
    assert interaction.original.deleted


async def test_pictures_ping_nobody(chat: Chat) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, f"!face 😂 {chat.ada.mention}")
    await chat.faces.answer(await chat.faces.asked())
    [answer] = chat.fake.replies_to(question)
    assert answer.reply_to == question.id
    assert answer.pinged == set()


async def test_bots_webhooks_notices_and_other_talk_are_ignored(chat: Chat) -> None:
    other, channel = chat.fake.user("Other bot", bot=True), chat.fake.channel
    chat.fake.say(channel, other, "!face 😂")
    chat.fake.say(channel, chat.fake.bot, "!face 😂")
    chat.fake.say(channel, chat.ada, "!face 😂", webhook=True)
    chat.fake.say(channel, chat.ada, "!face 😂", kind=7)
    for text in ("!faceplant 😂", "face 😂", "I love !face", f"I love {chat.fake.bot.mention}", ""):
        chat.fake.say(channel, chat.ada, text)
    asked = chat.fake.say(channel, chat.ada, "!face 🍕")
    request = await chat.faces.asked()
    assert request.emotes[0].name == "🍕"
    await chat.faces.answer(request)
    assert len(chat.faces.requests) == 1
    assert [message for message in chat.fake.messages if message.author is chat.fake.bot][1:] == [
        *chat.fake.replies_to(asked)
    ]


async def test_without_the_intent_mentions_and_slash_commands_still_work() -> None:
    async with FakeDiscord(message_content=False, interaction_limit_s=60) as fake, run_bot(fake) as chat:
        assert len(fake.gateway.identified) == 2
        fake.say(fake.channel, chat.ada, "!face 😂")
        fake.say(fake.channel, chat.ada, f"{fake.bot.mention} 🍕")
        await chat.faces.answer(await chat.faces.asked(1))
        fake.interact(fake.channel, chat.ada, emote="🎉")
        await chat.faces.asked(2)
        fake.say(fake.direct_channel(chat.ada), chat.ada, "!face 🐈")
        await chat.faces.asked(3)
        assert [command.words for command in chat.faces.commands] == [("🍕",), ("🎉",), ("🐈",)]
        assert fake.complaints == []


async def test_a_channel_where_it_may_not_speak_is_not_tried(chat: Chat) -> None:
    silent = chat.fake.add_channel("silent", denied={"send_messages"})
    chat.fake.say(silent, chat.ada, "!face 😂")
    asked = chat.fake.say(chat.fake.channel, chat.ada, "!face")
    assert await chat.fake.answer_to(asked)
    assert not [path for method, path in chat.fake.http.requests if method == "POST" and str(silent.id) in path]
    assert chat.faces.requests == {}


async def test_an_interaction_that_came_too_late_is_not_worked_on(chat: Chat) -> None:
    chat.fake.interaction_limit_s = 0.0
    chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    await chat.fake.until(lambda: any(path.endswith("/callback") for _, path in chat.fake.http.requests))
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕")
    assert (await chat.faces.asked()).emotes[0].name == "🍕"
    assert len(chat.faces.requests) == 1


async def test_a_refusal_that_cannot_be_whispered_is_let_go(chat: Chat) -> None:
    chat.faces.refusals["nope"] = UnknownEmote()
    trouble = chat.fake.fail_next("DELETE", "/webhooks/", 404, code=10015)
    chat.fake.interact(chat.fake.channel, chat.ada, emote="nope")
    await chat.fake.until(trouble.reached.is_set)
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕")
    await chat.faces.asked()


async def test_one_broken_question_does_not_disturb_the_next(chat: Chat) -> None:
    chat.faces.broken = True
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    hint = chat.fake.say(chat.fake.channel, chat.ada, "!face x:99")  # refused before the service is asked
    await chat.fake.answer_to(hint)
    chat.faces.broken = False
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕")
    await chat.faces.asked()
    await until(lambda: chat.bot.ready)
