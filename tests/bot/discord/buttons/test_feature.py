"""Every button below a face: for who asked, for others, for moderators, twice, and after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.consent import Switch
from bot.discord.buttons.controls import Action, custom_id
from bot.errors import Busy
from bot.models import Emote, EmoteSource, FaceRequest, RequestState
from inference.protocol import AUTO, FaceOptions, Layout, Style
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import WEBP, ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message, User
from tests.polling import until

JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")


async def posted(chat: Chat, *, private: bool = False, **changes: Any) -> tuple[Message, FaceRequest]:
    """A face that Ada asked for, with the buttons below it."""
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    request = await chat.faces.asked(len(chat.faces.requests) + 1)
    target = {**request.reply_target, "private": private, "spoiler": changes.pop("spoiler", False)}
    request = replace(request, **{"emotes": (JOY,), "reply_target": target} | changes)
    chat.faces.requests[request.id] = request
    await chat.faces.answer(request)
    return await chat.fake.response_to(interaction), request


async def opened(chat: Chat, message: Message, user: User, button: str) -> Message:
    menu = await chat.fake.response_to(chat.fake.press(message, user, button))
    assert menu.is_ephemeral
    return menu


async def told(chat: Chat, interaction: Interaction) -> str:
    """What only who pressed is told, as the first response or after one that was public."""
    await chat.fake.until(
        lambda: interaction.followups or (interaction.original and not interaction.original.is_loading)
    )
    [answer] = interaction.followups or [interaction.original]
    assert answer is not None
    assert answer.is_ephemeral
    return answer.content


def labels(message: Message) -> list[str]:
    return [button["label"] for button in message.buttons()]


async def redrawn(chat: Chat) -> FaceRequest:
    """The request that the last press made."""
    return await chat.faces.asked(2)


# -- below the answer -------------------------------------------------------------------------------------------------


async def test_an_answer_shows_the_picture_its_alt_text_and_four_buttons(chat: Chat) -> None:
    message, _ = await posted(chat)
    [picture] = message.pictures()
    assert (picture.content, picture.description) == (WEBP, "A face made from face with tears of joy, AI-generated")
    assert not picture.is_spoiler
    assert labels(message) == ["Again", "Style", "Delete", "More"]
    assert message.is_layout


async def test_buttons_speak_the_servers_language_and_menus_that_of_who_opens_them(chat: Chat) -> None:
    message, _ = await posted(chat, locale="de")
    assert labels(message) == ["Nochmal", "Stil", "Löschen", "Mehr"]
    chat.ada.locale = "fr"
    assert "Grand format" in labels(await opened(chat, message, chat.ada, "Mehr"))


async def test_a_private_answer_has_no_delete_button_because_it_is_dismissed(chat: Chat) -> None:
    message, _ = await posted(chat, private=True)
    assert labels(message) == ["Again", "Style", "More"]


async def test_a_spoiler_is_blurred_and_so_is_what_is_drawn_from_it(chat: Chat) -> None:
    message, _ = await posted(chat, spoiler=True)
    assert message.pictures()[0].is_spoiler
    interaction = chat.fake.press(message, chat.ada, "Again")
    await chat.faces.answer(await redrawn(chat))
    assert (await chat.fake.response_to(interaction)).pictures()[0].is_spoiler


# -- again ------------------------------------------------------------------------------------------------------------


async def test_again_draws_the_same_emotes_with_another_seed_for_whoever_pressed(chat: Chat) -> None:
    bob, options = chat.fake.user("Bob"), FaceOptions(Style.CURSED, 0.4, 3, seed=7, layout=Layout.STRIP)
    message, request = await posted(chat, options=options)
    interaction = chat.fake.press(message, bob, "🎲")
    again = await redrawn(chat)
    assert again.emotes == request.emotes
    assert again.options == options.changed(seed=again.options.seed)
    assert again.options.seed not in {None, 7}
    assert again.origin == replace(request.origin, user_id=str(bob.id))
    await chat.faces.answer(again)
    answer = await chat.fake.response_to(interaction)
    assert answer.pictures()[0].content == WEBP
    assert not answer.is_ephemeral
    assert (answer is message, answer.reply_to) == (False, message.id)
    assert labels(answer) == ["Again", "Style", "Delete", "More"]


async def test_of_a_private_answer_the_next_one_is_private_too(chat: Chat) -> None:
    message, _ = await posted(chat, private=True)
    interaction = chat.fake.press(message, chat.ada, "Again")
    await chat.faces.answer(await redrawn(chat))
    assert (await chat.fake.response_to(interaction)).is_ephemeral


async def test_pressing_twice_does_not_stack(chat: Chat) -> None:
    message, _ = await posted(chat)
    chat.fake.press(message, chat.ada, "Again")
    first = await redrawn(chat)
    assert "still at it" in await told(chat, chat.fake.press(message, chat.ada, "Again"))
    assert len(chat.faces.requests) == 2
    chat.fake.press(message, chat.fake.user("Bob"), "Again")
    await chat.faces.asked(3)  # somebody else's press is their own
    await chat.faces.answer(first)
    chat.fake.press(message, chat.ada, "Again")
    await chat.faces.asked(4)  # and what is answered can be had again


async def test_two_presses_at_the_same_moment_are_one(chat: Chat) -> None:
    message, _ = await posted(chat)
    pressed = [chat.fake.press(message, chat.ada, "Again") for _ in range(5)]
    await chat.faces.asked(2)
    await chat.fake.until(lambda: all(each.acknowledged for each in pressed))
    whispered = [each.original for each in pressed if each.original and each.original.is_ephemeral]
    assert (len(whispered), len(chat.faces.requests)) == (4, 2)


async def test_a_limit_that_is_reached_is_told_to_whoever_pressed_alone(chat: Chat) -> None:
    message, _ = await posted(chat)
    chat.faces.limit = Busy(5)
    interaction = chat.fake.press(message, chat.ada, "Again")
    assert "drowning" in await told(chat, interaction)
    assert interaction.original is not None
    assert interaction.original.deleted
    assert len(chat.faces.requests) == 1


async def test_a_face_that_is_forgotten_is_said_to_be(chat: Chat) -> None:
    message, _ = await posted(chat)
    chat.faces.requests.clear()
    for button in ("Again", "Style", "More"):
        assert "forgotten" in await told(chat, chat.fake.press(message, chat.ada, button))


async def test_an_action_of_another_version_is_nothing_we_know(chat: Chat) -> None:
    message, _ = await posted(chat)
    message.buttons()[0]["custom_id"] = message.buttons()[0]["custom_id"].replace("again", "dance")
    assert "forgotten" in await told(chat, chat.fake.press(message, chat.ada, "Again"))


# -- other people's pictures ------------------------------------------------------------------------------------------


def picture_of(user: User) -> Emote:
    return Emote(EmoteSource.AVATAR, "https://cdn/avatar.png", shown_user_id=str(user.id))


async def test_who_is_drawn_by_their_own_wish_is_not_drawn_by_others(chat: Chat) -> None:
    message, _ = await posted(chat, emotes=(picture_of(chat.ada),))
    bob = chat.fake.user("Bob")
    assert "are off here" in await told(chat, chat.fake.press(message, bob, "Again"))
    chat.fake.press(message, chat.ada, "Again")
    assert (await redrawn(chat)).origin.user_id == str(chat.ada.id)


async def test_where_others_may_be_drawn_a_press_draws_them_but_not_who_opted_out(chat: Chat) -> None:
    message, request = await posted(chat, emotes=(replace(JOY, overlays=(picture_of(chat.ada),)),))
    await chat.policy.set(request.origin.scope_id, None, Switch.OTHERS_PICTURES.value, True, "admin")
    bob = chat.fake.user("Bob")
    chat.fake.press(message, bob, "Again")
    await redrawn(chat)
    await chat.consent.opt_out(request.origin.platform, str(chat.ada.id), out=True)
    grace = chat.fake.user("Grace")
    assert "doesn't want" in await told(chat, chat.fake.press(message, grace, "Again"))


# -- style ------------------------------------------------------------------------------------------------------------


async def test_style_offers_what_is_served_and_every_tenth_of_realism(chat: Chat) -> None:
    message, _ = await posted(chat, options=FaceOptions(Style.CURSED, 0.3))
    chat.faces.styles = (Style.CURSED, Style.REAL)
    menu = await opened(chat, message, chat.fake.user("Bob"), "Style")
    styles, realisms = menu.selects()
    assert [(each["value"], each["default"]) for each in styles["options"]] == [("cursed", True), ("real", False)]
    assert [each["value"] for each in realisms["options"]] == [f"{tenth / 10:.1f}" for tenth in range(11)]
    assert [each["value"] for each in realisms["options"] if each["default"]] == ["0.3"]


@pytest.mark.parametrize(
    ("action", "choice", "expected"),
    [
        (Action.STYLE, "real", FaceOptions(Style.REAL, seed=7)),
        (Action.REALISM, "0.8", FaceOptions(Style.CURSED, 0.8, seed=7)),
    ],
)
async def test_a_choice_is_drawn_for_everybody_to_see(
    chat: Chat, action: Action, choice: str, expected: FaceOptions
) -> None:
    message, request = await posted(chat, options=FaceOptions(Style.CURSED, 0.3, seed=7))
    menu = await opened(chat, message, chat.ada, "Style")
    interaction = chat.fake.choose(menu, chat.ada, custom_id(action, request.id), [choice])
    drawn = await redrawn(chat)
    assert drawn.options == expected
    await chat.faces.answer(drawn)
    answer = await chat.fake.response_to(interaction)
    assert answer.pictures()
    assert not answer.is_ephemeral


async def test_another_choice_is_not_the_same_press(chat: Chat) -> None:
    message, request = await posted(chat)
    menu = await opened(chat, message, chat.ada, "Style")
    realism = custom_id(Action.REALISM, request.id)
    chat.fake.choose(menu, chat.ada, realism, ["0.8"])
    await redrawn(chat)
    assert "still at it" in await told(chat, chat.fake.choose(menu, chat.ada, realism, ["0.8"]))
    chat.fake.choose(menu, chat.ada, realism, ["0.9"])
    assert (await chat.faces.asked(3)).options.realism == 0.9


# -- more -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "offered"),
    [
        (FaceOptions(Style.CLASSIC), ["Deeper", "Large", "Step by step", "Morph"]),
        (FaceOptions(Style.CLASSIC, iterations=AUTO), ["Large", "Step by step", "Morph"]),
        (FaceOptions(Style.CLASSIC, iterations=10), ["Large", "Step by step", "Morph"]),
        (FaceOptions(Style.REAL, layout=Layout.FACE), ["Step by step", "Morph"]),
        (FaceOptions(Style.CURSED, layout=Layout.MORPH), ["Large", "Step by step"]),
    ],
)
async def test_more_offers_what_would_be_another_picture(chat: Chat, options: FaceOptions, offered: list[str]) -> None:
    message, _ = await posted(chat, options=options)
    assert labels(await opened(chat, message, chat.ada, "More")) == [*offered, "Good one (0)", "Add as emoji"]


@pytest.mark.parametrize(
    ("button", "expected"),
    [
        ("Deeper", FaceOptions(iterations=3)),
        ("Large", FaceOptions(layout=Layout.FACE)),
        ("Step by step", FaceOptions(layout=Layout.STRIP)),
        ("Morph", FaceOptions(layout=Layout.MORPH)),
    ],
)
async def test_what_is_picked_under_more_is_drawn(chat: Chat, button: str, expected: FaceOptions) -> None:
    message, _ = await posted(chat)
    chat.fake.press(await opened(chat, message, chat.ada, "More"), chat.ada, button)
    assert (await redrawn(chat)).options == expected


async def test_each_votes_once_and_takes_it_back(chat: Chat) -> None:
    message, _ = await posted(chat)
    bob = chat.fake.user("Bob")
    theirs = {user: await opened(chat, message, user, "More") for user in (chat.ada, bob)}
    for user, count in ((chat.ada, 1), (bob, 2), (chat.ada, 1), (chat.ada, 2)):
        pressed = chat.fake.press(theirs[user], user, "⭐")
        await chat.fake.until(lambda pressed=pressed: pressed.acknowledged)
        assert f"Good one ({count})" in labels(theirs[user])
    assert "Good one (2)" in labels(await opened(chat, message, chat.fake.user("Grace"), "More"))


async def test_nobody_votes_on_what_only_one_person_sees(chat: Chat) -> None:
    message, _ = await posted(chat, private=True)
    assert Action.VOTE not in {
        button["custom_id"].split(":")[1] for button in (await opened(chat, message, chat.ada, "More")).buttons()
    }


# -- delete -----------------------------------------------------------------------------------------------------------


async def deleted(chat: Chat, message: Message, user: User) -> None:
    interaction = chat.fake.press(message, user, "Delete")
    await chat.fake.until(lambda: message.deleted)
    assert interaction.followups == []


async def test_who_asked_deletes_the_face(chat: Chat) -> None:
    message, request = await posted(chat)
    await deleted(chat, message, chat.ada)
    await until(lambda: chat.faces.requests[request.id].answer_ref is None)


async def test_who_is_shown_deletes_the_face(chat: Chat) -> None:
    bob = chat.fake.user("Bob")
    message, _ = await posted(chat, emotes=(picture_of(bob),))
    await deleted(chat, message, bob)


async def test_a_moderator_deletes_the_face_even_a_forgotten_one(chat: Chat) -> None:
    admin = chat.fake.user("Grace")
    admin.manages = True
    message, _ = await posted(chat)
    chat.faces.requests.clear()
    await deleted(chat, message, admin)


async def test_nobody_else_deletes_it(chat: Chat) -> None:
    message, _ = await posted(chat)
    assert "Only who asked" in await told(chat, chat.fake.press(message, chat.fake.user("Bob"), "Delete"))
    chat.faces.requests.clear()
    assert "Only who asked" in await told(chat, chat.fake.press(message, chat.ada, "Delete"))
    assert not message.deleted


# -- a restart --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def after_a_restart(fake: FakeDiscord, faces: ScriptedFaces, ada: User) -> AsyncIterator[Chat]:
    async with run_bot(fake, faces) as chat:
        chat.ada = ada
        yield chat


async def test_all_buttons_and_menus_work_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        message, request = await posted(chat)
        more, look = [await opened(chat, message, chat.ada, button) for button in ("More", "Style")]
    async with after_a_restart(fake, faces, chat.ada) as chat:
        uses = [
            fake.press(message, chat.ada, "Again"),
            fake.press(more, chat.ada, "Large"),
            fake.choose(look, chat.ada, custom_id(Action.STYLE, request.id), ["real"]),
        ]
        await faces.asked(4)
        for drawn in list(faces.requests.values())[1:]:
            await faces.answer(drawn)
        for use in uses:
            assert (await fake.response_to(use)).pictures()
        voting = fake.press(more, chat.ada, "⭐")
        await fake.until(lambda: voting.acknowledged)
        assert "Good one (1)" in labels(more)
        await deleted(chat, message, chat.ada)


async def test_a_press_before_the_restart_is_still_worked_on_after_it(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces) as chat:
        message, _ = await posted(chat)
        interaction = fake.press(message, chat.ada, "Again")
        await faces.asked(2)
    async with after_a_restart(fake, faces, chat.ada) as chat:
        assert "still at it" in await told(chat, fake.press(message, chat.ada, "Again"))
        await faces.answer(await faces.asked(2))
        assert (await fake.response_to(interaction)).pictures()
        assert list(faces.requests.values())[1].state is RequestState.ANSWERED


async def test_the_library_keeps_nothing_of_the_views_that_were_sent(chat: Chat) -> None:
    message, _ = await posted(chat)
    await opened(chat, message, chat.ada, "More")
    client = chat.bot._link.client
    assert not client.persistent_views
    assert not client._connection._view_store._views
