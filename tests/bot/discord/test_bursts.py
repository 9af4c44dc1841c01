"""Many questions at once, and Discord's limits and failures in the middle of them."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.delivery import DeliveryDelayed
from bot.discord.answer_view import filename_of
from bot.models import FaceRequest
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.limits import Limit
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message
from tests.polling import until

PER_CHANNEL = Limit("POST", "/messages$", times=5, per_s=1.0)
ALL = Limit("", "", times=50, per_s=1.0)


async def delivered(chat: Chat, request: FaceRequest) -> None:
    """As the postman does: until it works."""
    maybe_sent = False
    async with asyncio.timeout(60):
        while True:
            try:
                await chat.faces.answer(request, maybe_sent=maybe_sent)
            except DeliveryDelayed:
                maybe_sent = True
                await asyncio.sleep(0.05)
            else:
                return


async def flood(chat: Chat, channels: int, each: int) -> None:
    """Questions in many channels, asked and answered at once."""
    places = [chat.fake.add_channel(f"place {n}") for n in range(channels)]
    for place in places:
        for _ in range(each):
            chat.fake.say(place, chat.ada, "!face 😂")
    await chat.faces.asked(channels * each)
    async with asyncio.TaskGroup() as deliveries:
        for request in chat.faces.requests.values():
            deliveries.create_task(delivered(chat, request))


def times_shown(chat: Chat) -> set[int]:
    """In how many messages the faces stand, alone or with others that piled up: once each is right."""
    messages = [message for message in chat.fake.messages if not message.deleted]
    times = Counter(attachment.filename for message in messages for attachment in message.attachments)
    return {times[filename_of(request_id)] for request_id in chat.faces.requests}


def replies(chat: Chat, question: Message) -> int:
    return len(chat.fake.replies_to(question))


async def test_a_burst_keeps_to_the_limits_of_channels_and_of_the_bot(fake: FakeDiscord) -> None:
    fake.http.limits.limits, fake.http.limits.limit_of_all = [PER_CHANNEL], ALL
    async with run_bot(fake) as chat:
        await flood(chat, channels=10, each=6)
        assert times_shown(chat) == {1}
    assert fake.http.limits.ignored == 0
    assert fake.http.limits.refused["global"] == 0, "it does not even come to a refusal"


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 503, "html": True, "times": 7},
        {"status": 500, "times": 4},
        {"status": None, "times": 7},
        {"status": None, "times": 7, "after": True},
        {"status": 429, "scope": "global", "retry_after_s": 0.4},
        {"status": 429, "scope": "user", "retry_after_s": 0.4},
        {"status": 429, "scope": "cloudflare", "retry_after_s": 1.0},
    ],
    ids=["unavailable", "internal error", "cut", "answer lost", "global limit", "route limit", "ban"],
)
async def test_trouble_in_a_burst_costs_no_answer_and_makes_no_second_one(
    fake: FakeDiscord, trouble: dict[str, object]
) -> None:
    async with run_bot(fake, channel_posts_s=0.5) as chat:
        fake.fail_next("POST", "/messages$", **trouble)  # type: ignore[arg-type]
        await flood(chat, channels=6, each=3)
        assert times_shown(chat) == {1}
    assert fake.http.limits.ignored == 0


async def test_who_gives_up_in_a_global_wait_leaves_nobody_waiting_for_ever(fake: FakeDiscord) -> None:
    async with run_bot(fake, request_timeout_s=0.3) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        fake.fail_next("POST", "/messages$", 429, scope="global", retry_after_s=1.0)
        await delivered(chat, request)
        assert replies(chat, question) == 1


@pytest.mark.parametrize("forget", [False, True], ids=["resumed", "afresh"])
async def test_a_gateway_lost_while_a_face_is_drawn_does_not_keep_it_from_its_asker(
    fake: FakeDiscord, forget: bool
) -> None:
    async with run_bot(fake) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        interaction = fake.interact(fake.channel, chat.ada, emote="😂")
        await chat.faces.asked(2)
        held = fake.fail_next("GET", "^/gateway$", hold=True)
        fake.drop_gateway(forget=forget)
        await fake.until(held.reached.is_set)
        assert not chat.bot.ready
        for request in list(chat.faces.requests.values()):
            await delivered(chat, request)
        assert replies(chat, question) == 1
        assert interaction.original is not None
        assert interaction.original.attachments
        held.release.set()
        await until(lambda: chat.bot.ready)


async def test_an_answer_waits_for_a_new_login_when_the_connection_is_lost_for_good(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        down = fake.fail_next("GET", "/users/@me", 503, times=3)
        fake.drop_gateway(4014, forget=True)
        await fake.until(down.reached.is_set)
        await delivered(chat, request)
        assert replies(chat, question) == 1
