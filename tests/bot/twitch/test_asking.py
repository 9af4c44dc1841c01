"""`!face` in chat: what is heard, who may ask, and what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models import Platform, RequestState
from bot.store.twitch_accounts import Role, TwitchAccounts
from bot.texts import LOCALES, say
from bot.twitch.scopes import FOLLOWERS, JOIN
from bot.twitch.words import Called, help_text, unmarked
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join, account
from tests.fakes.twitch.fragments import emote
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Reward
from tests.polling import until


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


async def test_a_face_is_answered_in_the_thread_of_its_question(chat: Chatting) -> None:
    ada = chat.fake.user("Ada")
    assert await chat.told("!face joy", ada) == "On screen now!"
    face = await chat.serving.stage.last(chat.scope_id)
    assert face is not None
    assert (face.asker_name, face.origin.user_id) == ("Ada", ada.id)
    assert chat.fake.complaints == []


async def test_an_emote_brings_its_id_along(chat: Chatting) -> None:
    await chat.told("!FACE Kappa kappa", chat.fake.user("Ada"), emotes={"Kappa": "25"})
    listed = chat.nearby[0].exact("Kappa")
    assert listed is not None
    assert (listed.source, listed.id, listed.animated) == ("twitch", "25", False)
    assert chat.nearby[0].exact("kappa") is None  # not in the message as an emote: catalogues know it


async def test_fragments_that_nobody_has_heard_of_are_text(chat: Chatting) -> None:
    fragments = [
        {"type": "text", "text": "!face joy "},
        {"type": "hologram", "text": "sad", "emote": {"id": "https://evil.example/"}, "hologram": {"depth": 3}},
        {"type": "emote", "text": "Dance", "emote": emote("emotesv2_1", animated=True), "mention": None},
    ]
    assert await chat.told("!face joy sad Dance", chat.fake.user("Ada"), fragments=fragments) == "On screen now!"
    [listed] = chat.nearby[0]
    assert (listed.name, listed.id, listed.animated) == ("Dance", "emotesv2_1", True)


async def test_copies_of_a_shared_chat_own_words_and_talk_are_not_heard(chat: Chatting) -> None:
    other = chat.fake.user("Other")
    ada = chat.fake.user("Ada")
    chat.fake.say(ada, "!face copied", source=other)
    chat.fake.say(chat.fake.bot, "!face own")
    for talk in ("!faceplant", "face joy", "what does !face do", "!", "?face joy"):
        chat.fake.say(ada, talk)
    assert await chat.told("!face joy", ada) == "On screen now!"
    assert len(chat.nearby) == 1
    assert chat.said == ["On screen now!"]


async def test_an_answer_in_a_thread_may_be_a_command(chat: Chatting) -> None:
    said = chat.fake.say(chat.fake.user("Bob"), "look at this")
    message = chat.fake.say(chat.fake.user("Ada"), "@Bob !face joy", reply_to=said)
    assert await chat.answer_to(message) == "On screen now!"


async def test_options_are_those_of_everywhere(chat: Chatting) -> None:
    await chat.told("!face joy style:classic x:3 seed:7", chat.fake.user("Ada"))
    face = await chat.serving.stage.last(chat.scope_id)
    assert face is not None
    assert (face.options.iterations, face.options.seed) == (3, 7)
    said = await chat.told("!face joy x:999", chat.fake.user("Bob"))
    assert said.startswith("x: takes a whole number")


async def test_what_is_not_known_is_said_without_marks(chat: Chatting) -> None:
    assert await chat.told("!face unknown", chat.fake.user("Ada")) == "I don't know that emote. Did you mean joy?"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_help_fits_into_one_message(locale: str) -> None:
    said = unmarked(say(help_text(Called("!" * 8, "f" * 20)), locale))
    assert len(said) <= 498


async def test_help_is_one_message(chat: Chatting) -> None:
    said = await chat.told("!face help", chat.fake.user("Ada"))
    assert "!face Kappa" in said
    assert chat.nearby == []


async def test_the_command_and_its_prefix_are_the_channels_own(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "prefix", "?", "mod")
    await chat.serving.policy.set(chat.scope_id, None, "command", "gesicht", "mod")
    assert await chat.told("?Gesicht joy", chat.fake.user("Ada")) == "On screen now!"
    assert "?gesicht" in await chat.told("?gesicht help", chat.fake.user("Bob"))


async def test_where_faces_are_off_nothing_is_said(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "enabled", False, "mod")
    chat.fake.say(chat.fake.user("Ada"), "!face joy")
    chat.fake.say(chat.fake.user("Ada"), "!face help")
    answer = await chat.told("!faceset prefix")
    assert chat.said == [answer]


async def test_the_badges_say_who_may_ask(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "ask_from", "vip", "mod")
    people = {name: chat.fake.user(name) for name in ("Guest", "Sub", "Vip", "Mod")}
    chat.fake.channel.subscribers.add(people["Sub"].id)
    chat.fake.channel.vips.add(people["Vip"].id)
    chat.fake.channel.moderators.add(people["Mod"].id)
    for name, expected in (
        ("Guest", "Faces are for VIPs and moderators here."),
        ("Sub", "Faces are for VIPs and moderators here."),
        ("Vip", "On screen now!"),
        ("Mod", "On screen now!"),
    ):
        assert (await chat.told("!face joy", people[name])).rstrip("\U000e0000") == expected


async def test_twitch_knows_who_follows(chat: Chatting, accounts: TwitchAccounts) -> None:
    await chat.chat.bot.connect(account(chat.fake, chat.fake.channel, Role.CHANNEL, JOIN, FOLLOWERS))
    await chat.serving.policy.set(chat.scope_id, None, "ask_from", "follower", "mod")
    ada, bob = chat.fake.user("Ada"), chat.fake.user("Bob")
    chat.fake.channel.followers.add(ada.id)
    assert await chat.told("!face joy", ada) == "On screen now!"
    assert await chat.told("!face joy", bob) == "Faces are for followers here."
    asked = chat.fake.requests.count(("GET", "/helix/channels/followers"))
    assert "On screen now!" in await chat.told("!face joy", ada)
    assert chat.fake.requests.count(("GET", "/helix/channels/followers")) == asked


async def test_where_twitch_may_not_be_asked_who_follows_nobody_is_let_in(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "ask_from", "follower", "mod")
    assert "can't be reached" in await chat.told("!face joy", chat.fake.user("Ada"))


async def test_while_the_stream_is_off_nothing_is_drawn_where_that_is_wanted(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "online_only", True, "mod")
    ada = chat.fake.user("Ada")
    assert await chat.told("!face joy", ada) == "Faces are drawn here while the stream is on. See you then!"
    chat.fake.go_live()
    await until(lambda: chat.chat._standings._live.get(chat.fake.channel.id, False))
    assert await chat.told("!face joy", ada) == "On screen now!"


async def test_a_cooldown_holds_for_everybody_but_moderators(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "cooldown_s", 3600, "mod")
    ada = chat.fake.user("Ada")
    assert await chat.told("!face joy", ada) == "On screen now!"
    assert (await chat.told("!face joy", ada)).startswith("One at a time")
    await chat.told("!face joy")
    assert "On screen now!" in await chat.told("!face joy")


async def test_a_message_that_came_with_points_is_the_redemptions_business(chat: Chatting) -> None:
    reward = Reward(chat.fake.client_id, {"title": "Other"})
    chat.fake.say(chat.fake.user("Ada"), "!face joy", reward=reward)
    await chat.told("!face joy", chat.fake.user("Bob"))
    assert len(chat.nearby) == 1


async def test_an_accepted_request_is_answered_even_if_chat_is_forbidden(chat: Chatting) -> None:
    chat.fake.channel.banned.add(chat.fake.bot.id)
    message = chat.fake.say(chat.fake.user("Ada"), "!face joy")
    await chat.fake.until(lambda: ("POST", "/helix/chat/messages") in chat.fake.requests)
    [request] = await chat.serving.service.asked_as(Platform.TWITCH, {message.id})
    stored = await chat.serving.finished(request)
    assert stored.state is RequestState.ANSWERED
    assert await chat.serving.stage.last(chat.scope_id) is not None
