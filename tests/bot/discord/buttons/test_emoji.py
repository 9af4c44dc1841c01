"""A face becomes an emoji of the server: who may, what is asked, what Discord says."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.delivery import DeliveryDelayed, Refusal, Undeliverable
from bot.discord.buttons.controls import Action, custom_id
from bot.errors import Busy
from bot.models import FacePicture, FaceRequest
from inference.protocol import FaceOptions, Layout
from tests.bot.discord.buttons.test_feature import JOY, labels, opened, posted, told
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message

MAY = "create_expressions"


def face(side_px: int = 512) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side_px, side_px), (200, 150, 120)).save(file, "WEBP")
    return file.getvalue()


def allow(chat: Chat) -> None:
    """Ada and the bot may both make emoji."""
    chat.fake.guild.bot_role.permissions.add(MAY)
    chat.ada.roles.append(chat.fake.add_role("artist", MAY))


async def asked_for_a_name(chat: Chat) -> tuple[Message, Interaction]:
    message, _ = await posted(chat, options=FaceOptions(seed=7, layout=Layout.STRIP))
    asking = chat.fake.press(await opened(chat, message, chat.ada, "More"), chat.ada, "Add as emoji")
    await chat.fake.opened(asking)
    return message, asking


async def named(chat: Chat, name: str = "JoyFace") -> tuple[Interaction, FaceRequest]:
    _, asking = await asked_for_a_name(chat)
    form = chat.fake.submit(asking, chat.ada, {"name": name})
    return form, await chat.faces.asked(2)


async def finish(chat: Chat, request: FaceRequest, *, maybe_sent: bool = False) -> None:
    """As the real service does; there is no answer to find again."""
    assert chat.faces.deliverer is not None
    picture = FacePicture(request.id, face(), 512, 512)
    assert await chat.faces.deliverer.deliver(request, picture, maybe_sent=maybe_sent) is None


async def test_the_face_alone_is_drawn_again_and_becomes_an_emoji(chat: Chat) -> None:
    allow(chat)
    form, request = await named(chat)
    assert request.options == FaceOptions(seed=7, layout=Layout.FACE)
    assert request.origin.user_id == str(chat.ada.id)
    await finish(chat, request)
    [emoji] = chat.fake.guild.emoji
    assert (emoji["name"], emoji["animated"]) == ("JoyFace", False)
    assert await told(chat, form) == f"Here it is: <:JoyFace:{emoji['id']}>"


async def test_a_name_is_proposed_that_discord_takes(chat: Chat) -> None:
    allow(chat)
    _, asking = await asked_for_a_name(chat)
    chat.fake.submit(asking, chat.ada, {})
    await finish(chat, await chat.faces.asked(2))
    assert [emoji["name"] for emoji in chat.fake.guild.emoji] == ["FaceWithTearsOfJoyFace"]


@pytest.mark.parametrize("name", ["a b", "a:b", "<@1>", "größe", "x-y"])
async def test_another_name_is_refused_in_words_that_do_not_repeat_it(chat: Chat, name: str) -> None:
    allow(chat)
    _, asking = await asked_for_a_name(chat)
    words = await told(chat, chat.fake.submit(asking, chat.ada, {"name": name}))
    assert "letters, digits and underscores" in words
    assert name not in words
    assert len(chat.faces.requests) == 1


async def test_who_may_not_make_emoji_is_told(chat: Chat) -> None:
    chat.fake.guild.bot_role.permissions.add(MAY)
    message, _ = await posted(chat)
    pressed = chat.fake.press(await opened(chat, message, chat.ada, "More"), chat.ada, "Add as emoji")
    assert "you need the permission" in await told(chat, pressed)


async def test_a_bot_that_may_not_says_so(chat: Chat) -> None:
    chat.ada.roles.append(chat.fake.add_role("artist", MAY))
    message, _ = await posted(chat)
    pressed = chat.fake.press(await opened(chat, message, chat.ada, "More"), chat.ada, "Add as emoji")
    assert "I need the permission" in await told(chat, pressed)


async def test_a_permission_lost_between_form_and_answer_counts(chat: Chat) -> None:
    allow(chat)
    _, asking = await asked_for_a_name(chat)
    chat.ada.roles.clear()
    assert "you need the permission" in await told(chat, chat.fake.submit(asking, chat.ada, {}))


async def test_a_bot_that_loses_the_permission_while_it_draws_says_so(chat: Chat) -> None:
    allow(chat)
    form, request = await named(chat)
    chat.fake.guild.bot_role.permissions.discard(MAY)
    await finish(chat, request)
    assert "I need the permission" in await told(chat, form)
    assert chat.fake.guild.emoji == []


async def test_full_slots_are_said_before_drawing_when_both_kinds_are_full(fake: FakeDiscord) -> None:
    for kind in (False, True):
        for number in range(50):
            fake.name_emoji(f"e{number}", animated=kind)
    async with run_bot(fake) as chat:
        allow(chat)
        message, _ = await posted(chat)
        pressed = fake.press(await opened(chat, message, chat.ada, "More"), chat.ada, "Add as emoji")
        assert "slots" in await told(chat, pressed)


async def test_full_slots_of_its_kind_are_said_after_drawing(fake: FakeDiscord) -> None:
    for number in range(50):
        fake.name_emoji(f"e{number}")
    async with run_bot(fake) as chat:
        allow(chat)
        form, request = await named(chat)
        await finish(chat, request)
        assert "slots" in await told(chat, form)
    assert "Maximum number of emojis" in fake.complaints.pop()


async def test_a_limit_is_told_and_nothing_is_drawn(chat: Chat) -> None:
    allow(chat)
    _, asking = await asked_for_a_name(chat)
    chat.faces.limit = Busy(5)
    assert "drowning" in await told(chat, chat.fake.submit(asking, chat.ada, {}))


async def test_what_cannot_be_drawn_is_said_in_words(chat: Chat) -> None:
    allow(chat)
    form, request = await named(chat)
    assert chat.faces.deliverer is not None
    await chat.faces.deliverer.deliver(request, Refusal("That took too long."), maybe_sent=False)
    assert await told(chat, form) == "That took too long."


async def test_a_form_filled_in_after_a_restart_is_heard_and_makes_one_emoji(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        allow(chat)
        _, asking = await asked_for_a_name(chat)
        ada = chat.ada
    async with run_bot(fake, faces) as chat:
        form = fake.submit(asking, ada, {"name": "JoyFace"})
        request = await faces.asked(2)
        await finish(chat, request)
        await finish(chat, request, maybe_sent=True)  # a crash before it was recorded
        assert [emoji["name"] for emoji in fake.guild.emoji] == ["JoyFace"]
        assert "Here it is" in await told(chat, form)


async def test_an_answer_whose_token_has_ended_makes_the_emoji_all_the_same(chat: Chat) -> None:
    allow(chat)
    _, request = await named(chat)
    await finish(chat, replace(request, reply_target={**request.reply_target, "expires_at": 0.0}))
    assert len(chat.fake.guild.emoji) == 1


async def test_troubles_that_pass_are_tried_again_and_others_are_not(chat: Chat) -> None:
    allow(chat)
    _, request = await named(chat)
    chat.fake.fail_next("POST", "/emojis", status=503)
    with pytest.raises(DeliveryDelayed):
        await finish(chat, request)
    with pytest.raises(Undeliverable):
        await finish(chat, replace(request, reply_target={"kind": "message", "emoji": "JoyFace"}))
    chat.fake.remove(chat.fake.guild)
    await finish(chat, request)
    assert chat.fake.guild.emoji == []


async def test_of_several_emotes_no_emoji_is_made(chat: Chat) -> None:
    message, _ = await posted(chat, emotes=(JOY, JOY))
    assert "Add as emoji" not in labels(await opened(chat, message, chat.ada, "More"))


async def test_in_a_direct_conversation_there_are_no_emoji(chat: Chat) -> None:
    message, request = await posted(chat)
    menu = await opened(chat, message, chat.ada, "More")
    menu.channel = chat.fake.direct_channel(chat.ada)
    pressed = chat.fake.press(menu, chat.ada, custom_id(Action.EMOJI, request.id))
    assert "belong to servers" in await told(chat, pressed)
