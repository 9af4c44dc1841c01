"""How answers reach a chat on the fake Twitch, whatever it does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.delivery import Refusal, Undeliverable
from bot.models import FacePicture, FaceRequest, Origin, Platform, RequestState, twitch_scope
from bot.store.audit import Audit
from bot.store.twitch_accounts import TwitchAccounts
from bot.texts import Text
from inference.protocol import FaceOptions
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join
from tests.fakes.serving import JOY
from tests.fakes.twitch.server import FakeTwitch
from tests.polling import until


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


async def with_links(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "gallery", True, "mod")


def left_over(chat: Chatting, state: RequestState) -> FaceRequest:
    """Of an earlier run."""
    channel = chat.fake.channel.id
    target = {"broadcaster_id": channel, "message_id": None, "asker_name": "Ada"}
    origin = Origin(Platform.TWITCH, twitch_scope(channel), channel, "77")
    return FaceRequest("01OLD", origin, (JOY,), FaceOptions(), 0.0, 120.0, state, reply_target=target)


async def test_with_a_public_address_the_answer_has_the_faces_own_page(chat: Chatting) -> None:
    await with_links(chat)
    said = await chat.told("!face joy", chat.fake.user("Ada"))
    face = await chat.serving.stage.last(chat.scope_id)
    assert face is not None
    assert said == f"On screen now! {await chat.serving.stage.link(face.request_id)}"


async def test_without_an_open_overlay_nothing_is_claimed(chat: Chatting) -> None:
    chat.screens = 0
    said = await chat.told("!face joy", chat.fake.user("Ada"))
    assert said.startswith("Drawn! But the stream's overlay is not open")
    assert "127.0.0.1" not in said


async def test_another_place_to_look_at_is_named(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    async def mirrored(scope_id: str) -> Text | None:
        return Text("In our Discord!")

    await join()
    async with chatting(fake, accounts, tmp_path, sights=[mirrored]) as chat:
        await chat.connected()
        assert await chat.told("!face joy", fake.user("Ada")) == "On screen now!"
        chat.screens = 0
        assert await chat.told("!face joy", fake.user("Ada")) == "In our Discord!"


async def test_a_face_that_waits_for_a_moderator_is_announced_as_such(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "approve_first", True, "mod")
    said = await chat.told("!face joy", chat.fake.user("Ada"))
    assert said == "Drawn! It shows once a moderator has approved it."


async def test_where_links_are_blocked_the_broadcaster_is_told_once(chat: Chatting) -> None:
    await with_links(chat)
    chat.fake.channel.blocks_links = True
    ada = chat.fake.user("Ada")
    assert await chat.told("!face joy", ada) == "On screen now!"
    await chat.fake.until(lambda: any("/mod emoteface_bot" in text for text in chat.said))
    assert chat.said[-1].startswith("@streamer Links are blocked")
    await chat.told("!face joy", ada)
    chat.chat.outbox.note_rank(chat.fake.channel.id, moderates=True)  # … and no longer, so that links are tried again
    await chat.told("!face joy", ada)
    assert sum("/mod" in text for text in chat.said) == 1
    assert await Audit(chat.serving.engine).has(chat.scope_id, "links_blocked")


async def test_the_bots_own_badge_tells_whether_it_may_say_more(chat: Chatting) -> None:
    channel = chat.fake.channel
    channel.moderators.add(chat.fake.bot.id)
    chat.fake.say(chat.fake.bot, "hello")
    await until(lambda: chat.chat.outbox._turns.moderated.get(channel.id, False))


@pytest.mark.parametrize("status", [429, None])
async def test_what_twitch_did_not_take_is_said_later(chat: Chatting, status: int | None) -> None:
    if status is None:
        port = chat.fake.port
        message = chat.fake.say(chat.fake.user("Ada"), "!face joy")
        await until(lambda: bool(chat.nearby))
        await chat.fake.stop()
        await chat.fake.start(port)
    else:
        chat.fake.fail_next("/helix/chat/messages", status, times=2)
        message = chat.fake.say(chat.fake.user("Ada"), "!face joy")
    assert (await chat.answer_to(message)).startswith("On screen now!")
    assert [each.reply_to for each in chat.fake.sent].count(message.id) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_what_may_have_been_said_is_not_repeated_and_the_face_is_there(chat: Chatting, status: int) -> None:
    fault = chat.fake.fail_next("/helix/chat/messages", status, after=True)
    message = chat.fake.say(chat.fake.user("Ada"), "!face joy")
    await chat.fake.until(fault.reached.is_set)
    await until(lambda: chat.chat.outbox.waiting == 0)
    [request] = await chat.serving.service.asked_as(Platform.TWITCH, {message.id})
    stored = await chat.serving.finished(request)
    assert (stored.state, stored.answer_ref) == (RequestState.ANSWERED, None)
    assert chat.said == ["On screen now!"]
    assert await chat.serving.stage.get(request.id) is not None


async def test_a_lost_answer_of_twitchs_is_not_repeated_either(chat: Chatting) -> None:
    fault = chat.fake.fail_next("/helix/chat/messages", after=True)
    chat.fake.say(chat.fake.user("Ada"), "!face joy")
    await chat.fake.until(fault.reached.is_set)
    await until(lambda: chat.chat.outbox.waiting == 0)
    assert chat.said == ["On screen now!"]


async def test_a_token_that_ended_is_renewed_and_the_answer_said(chat: Chatting) -> None:
    chat.fake.expire_tokens(chat.fake.bot)
    assert await chat.told("!face joy", chat.fake.user("Ada")) == "On screen now!"


async def test_after_a_crash_while_sending_nothing_is_said_again(chat: Chatting) -> None:
    picture = FacePicture("01OLD", b"", 1, 1)
    sending = left_over(chat, RequestState.SENDING)
    assert await chat.chat.deliverer.deliver(sending, picture, maybe_sent=True) is None
    assert chat.said == []
    ready = replace(sending, state=RequestState.READY)
    message_id = await chat.chat.deliverer.deliver(ready, picture, maybe_sent=False)
    assert message_id == chat.fake.sent[0].id
    assert chat.said == ["@Ada On screen now!"]
    assert await chat.chat.deliverer.deliver(ready, picture, maybe_sent=True) == message_id
    assert len(chat.said) == 1


async def test_a_refusal_nobody_can_be_told_is_undeliverable(chat: Chatting) -> None:
    request = left_over(chat, RequestState.READY)
    chat.fake.channel.banned.add(chat.fake.bot.id)
    with pytest.raises(Undeliverable):
        await chat.chat.deliverer.deliver(request, Refusal("No."), maybe_sent=False)
    with pytest.raises(Undeliverable):
        await chat.chat.deliverer.deliver(replace(request, reply_target={}), Refusal("No."), maybe_sent=False)
