"""The button below a status line."""

from __future__ import annotations

import pytest

from bot.delivery import Refusal
from bot.discord.buttons.controls import Action, custom_id
from bot.models import FaceRequest, Progress, RequestState
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message, User
from tests.polling import until

SOON = 0.01
WORDS = Refusal("No.")


async def waiting(chat: Chat) -> tuple[FaceRequest, Message]:
    """Somebody's request and its status line."""
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    status = await chat.fake.answer_to(question)
    await until(lambda: chat.faces.requests[request.id].reply_target["status_id"] == status.id)
    return request, status


async def pressed(chat: Chat, status: Message, user: User) -> str:
    """What comes of it, in words."""
    interaction = chat.fake.press(status, user, "Cancel")
    response = await chat.fake.response_to(interaction)
    return response.content


async def test_who_asked_cancels_and_the_status_line_stays_as_it_is(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        assert await pressed(chat, status, chat.ada) == "Cancelled."
        assert chat.faces.requests[request.id].state is RequestState.CANCELLED
        assert (status.content, status.buttons()) == ("Cancelled.", [])
        chat.faces.progresses[request.id] = Progress(request.id, RequestState.QUEUED, position=2, eta_s=2)
        await chat.fake.answer_to(fake.say(fake.channel, chat.ada, "!face"))
        assert status.content == "Cancelled."


async def test_a_moderator_cancels(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        grace = fake.user("Grace")
        grace.manages = True
        assert await pressed(chat, status, grace) == "Cancelled."
        assert chat.faces.requests[request.id].state is RequestState.CANCELLED


async def test_nobody_else_cancels(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        interaction = fake.press(status, fake.user("Bob"), "Cancel")
        refusal = await fake.response_to(interaction)
        assert refusal.is_ephemeral
        assert "Only who asked" in refusal.content
        assert chat.faces.requests[request.id].state is RequestState.QUEUED


async def test_too_late_is_said_and_the_answer_comes(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        chat.faces.cancellable = False
        assert "on its way" in await pressed(chat, status, chat.ada)
        await chat.faces.answer(request)
        assert status.pictures()


async def test_a_request_long_forgotten_is_said_to_be(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        _, status = await waiting(chat)
        chat.faces.requests.clear()
        assert "forgotten" in await pressed(chat, status, chat.ada)


async def test_the_button_works_after_a_restart(fake: FakeDiscord) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        ada = chat.ada
    async with run_bot(fake, faces) as chat:
        assert await pressed(chat, status, ada) == "Cancelled."
        assert faces.requests[request.id].state is RequestState.CANCELLED


async def test_the_deferred_response_of_a_command_has_the_button_too(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        interaction = fake.interact(fake.channel, chat.ada, emote="😂")
        request = await chat.faces.asked()
        await fake.until(lambda: interaction.original is not None and interaction.original.buttons())
        assert interaction.original is not None
        assert await pressed(chat, interaction.original, chat.ada) == "Cancelled."
        assert interaction.original.content == "Cancelled."
        assert chat.faces.requests[request.id].state is RequestState.CANCELLED


@pytest.mark.parametrize("refused", [False, True])
async def test_the_button_goes_with_the_answer(fake: FakeDiscord, refused: bool) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        request, status = await waiting(chat)
        assert [button["custom_id"] for button in status.buttons()] == [custom_id(Action.CANCEL, request.id)]
        await chat.faces.answer(request, WORDS if refused else None)
        assert custom_id(Action.CANCEL, request.id) not in [button["custom_id"] for button in status.buttons()]
