"""What moderators delete takes its faces along, whether they are shown, waiting, or still being drawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import FaceRequest, Platform, RequestState
from bot.stage.face import StageState
from bot.store.twitch_accounts import Role, TwitchAccounts
from bot.twitch.scopes import JOIN
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join, account
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Message
from tests.polling import PATIENCE_S, until


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


async def made_by(chat: Chatting, message: Message) -> FaceRequest:
    [request] = await chat.serving.service.asked_as(Platform.TWITCH, {message.id})
    return request


async def hidden(chat: Chatting, request: FaceRequest) -> None:
    """Return once it is."""
    async with asyncio.timeout(PATIENCE_S):
        while (face := await chat.serving.stage.get(request.id)) is None or face.state is not StageState.HIDDEN:
            await asyncio.sleep(0.005)
        while await chat.serving.pictures.load(request.id) is not None:
            await asyncio.sleep(0.005)


async def shown(chat: Chatting, name: str) -> tuple[Message, FaceRequest]:
    """A face that was asked for and answered."""
    message = chat.fake.say(chat.fake.user(name), "!face joy")
    await chat.answer_to(message)
    return message, await chat.serving.finished(await made_by(chat, message))


async def in_work(chat: Chatting, name: str) -> tuple[Message, FaceRequest]:
    """A face whose picture is not there yet."""
    chat.serving.fetcher.reached.clear()
    message = chat.fake.say(chat.fake.user(name), "!face sad")
    await until(lambda: "sad" in chat.serving.fetcher.fetched)
    return message, await made_by(chat, message)


async def test_a_deleted_question_takes_its_face_along(chat: Chatting) -> None:
    message, request = await shown(chat, "Ada")
    _, other = await shown(chat, "Bob")
    chat.fake.delete_message(message)
    await hidden(chat, request)
    face = await chat.serving.stage.get(other.id)
    assert face is not None
    assert face.state is StageState.SHOWN


async def test_a_deleted_answer_takes_its_face_along(chat: Chatting) -> None:
    _, request = await shown(chat, "Ada")
    chat.fake.delete_message(chat.fake.sent[-1])
    await hidden(chat, request)


async def test_what_is_being_drawn_for_a_deleted_question_is_called_off(chat: Chatting) -> None:
    message, request = await in_work(chat, "Ada")
    chat.fake.delete_message(message)
    assert (await chat.serving.finished(request)).state is RequestState.CANCELLED
    chat.serving.fetcher.reached.set()
    await shown(chat, "Bob")
    assert chat.said == ["On screen now!"]


async def test_of_somebody_who_is_timed_out_everything_goes(chat: Chatting) -> None:
    message, request = await shown(chat, "Ada")
    _, other = await shown(chat, "Bob")
    chat.serving.fetcher.reached.clear()
    waiting = chat.fake.say(message.author, "!face sad")
    await until(lambda: "sad" in chat.serving.fetcher.fetched)
    in_line = await made_by(chat, waiting)
    chat.fake.timeout(message.author)
    await hidden(chat, request)
    assert (await chat.serving.finished(in_line)).state is RequestState.CANCELLED
    assert await chat.serving.stage.last(chat.scope_id) == await chat.serving.stage.get(other.id)


async def test_a_cleared_chat_has_no_faces_any_more(chat: Chatting) -> None:
    _, first = await shown(chat, "Ada")
    _, second = await shown(chat, "Bob")
    chat.fake.clear_chat()
    await hidden(chat, first)
    await hidden(chat, second)


async def test_what_happens_in_one_channel_concerns_no_other(chat: Chatting) -> None:
    elsewhere = chat.fake.user("Elsewhere")
    await chat.chat.bot.connect(account(chat.fake, elsewhere, Role.CHANNEL, JOIN))
    for kind in ("channel.chat.message", "channel.chat.clear_user_messages"):
        await chat.fake.until(lambda: chat.fake.carried(kind, elsewhere))  # noqa: B023  # called at once
    await chat.connected()
    message, request = await shown(chat, "Ada")
    there = chat.fake.say(message.author, "!face joy", channel=elsewhere)
    await chat.answer_to(there)
    request_there = await chat.serving.finished(await made_by(chat, there))
    chat.fake.timeout(message.author, elsewhere)
    await hidden(chat, request_there)
    face = await chat.serving.stage.get(request.id)
    assert face is not None
    assert face.state is StageState.SHOWN
