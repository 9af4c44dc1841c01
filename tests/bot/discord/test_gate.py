"""What is not sent, and what is sent later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from random import Random

import aiohttp
import discord
import pytest
from aiohttp import web

from bot.discord.gate import Gate, SendingPaused
from tests.bot.discord.conftest import Chat
from tests.polling import until

Answer = tuple[int, dict[str, str]]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)


class Server:
    """Answers 200, or what was ordered."""

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.asked = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.asked += 1
        status, headers = self.answers.popleft() if self.answers else (200, {})
        return web.Response(status=status, headers=headers)


class Sender:
    """A session that sends through a gate."""

    def __init__(self, session: aiohttp.ClientSession, url: str, server: Server, gate: Gate, clock: Clock) -> None:
        self.session, self.url, self.server, self.gate, self.clock = session, url, server, gate, clock
        self.released = asyncio.Event()

    async def send(self, path: str = "/channels/1/messages", *answer: object) -> int:
        if answer:
            self.server.answers.append(answer)  # type: ignore[arg-type]
        async with self.session.get(self.url + path) as response:
            return response.status


@pytest.fixture
async def sender(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sender]:
    server, clock = Server(), Clock()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    monkeypatch.setattr(discord.http.Route, "BASE", url)
    monkeypatch.setattr("bot.discord.gate.asyncio.sleep", clock.sleep)
    gate = Gate(Random(1), spread_s=0.01, clock=clock)
    released = asyncio.Event()
    async with aiohttp.ClientSession(trace_configs=[gate.trace(released.set)]) as session:
        made = Sender(session, url, server, gate, clock)
        made.released = released
        yield made
    await runner.cleanup()


async def test_a_ban_by_cloudflare_stops_everything_for_as_long_as_it_says(sender: Sender) -> None:
    assert await sender.send("/channels/1", 429, {"Retry-After": "120"}) == 429
    for path in ("/channels/1", "/channels/2/messages", "/interactions/1/token/callback"):
        with pytest.raises(SendingPaused):
            await sender.send(path)
    assert sender.server.asked == 1
    sender.clock.now += 119
    with pytest.raises(SendingPaused):
        await sender.send()
    sender.clock.now += 2
    assert await sender.send() == 200


@pytest.mark.parametrize(
    ("retry_after", "paused_s"), [({}, 60), ({"Retry-After": "soon"}, 60), ({"Retry-After": "99999"}, 3600)]
)
async def test_a_ban_without_a_believable_end_is_a_minute_or_an_hour(
    sender: Sender, retry_after: dict[str, str], paused_s: float
) -> None:
    await sender.send("/channels/1", 429, retry_after)
    assert sender.gate.paused_s == paused_s


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_nothing_is_sent_once_half_of_the_refusals_before_a_ban_are_used_up(
    sender: Sender, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.gate._invalid_at = deque(maxlen=10)  # instead of 5,000
    monkeypatch.setattr("bot.discord.gate._MAX_INVALID", 10)
    for _ in range(10):
        await sender.send("/channels/1", status, {"Via": "1.1 google"})
        sender.clock.now += 1
    with pytest.raises(SendingPaused):
        await sender.send()
    assert sender.gate.paused_s == 590
    sender.clock.now += 591
    assert await sender.send() == 200


async def test_refusals_that_are_old_or_not_the_bots_fault_do_not_count(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.gate._invalid_at = deque(maxlen=2)
    monkeypatch.setattr("bot.discord.gate._MAX_INVALID", 2)
    for _ in range(5):
        await sender.send("/channels/1", 429, {"Via": "1.1 google", "X-RateLimit-Scope": "shared"})
        await sender.send("/channels/1", 403, {})
        sender.clock.now += 601
    assert await sender.send() == 200


async def test_other_servers_are_none_of_its_business(sender: Sender) -> None:
    await sender.send("/channels/1", 429, {})
    elsewhere = sender.url.removesuffix("/api") + "/cdn/emojis/1.png"
    async with sender.session.get(elsewhere) as response:
        assert response.status == 200


async def test_of_a_flood_45_go_out_a_second_and_interactions_do_not_wait(sender: Sender) -> None:
    for _ in range(90):
        await sender.send()
    assert sender.clock.slept == [pytest.approx(1.05)] * 45
    waits = len(sender.clock.slept)
    for path in ("/interactions/1/token/callback", "/webhooks/1/token/messages/@original"):
        await sender.send(path)
    assert len(sender.clock.slept) == waits


@pytest.mark.parametrize(
    "trouble", [(503, {}), (500, {}), (429, {"Via": "1.1 google", "X-RateLimit-Global": "true", "Retry-After": "0"})]
)
async def test_after_trouble_requests_are_spread(sender: Sender, trouble: Answer) -> None:
    await sender.send("/channels/1", *trouble)
    for _ in range(5):
        await sender.send()
    waits = sender.clock.slept[-5:]
    assert len(set(waits)) == 5
    assert all(0 < wait <= 0.01 for wait in waits)
    sender.clock.now += 60
    sender.clock.slept.clear()
    await sender.send()
    assert sender.clock.slept == []


async def test_the_librarys_global_wait_ends_whatever_happened_to_who_waited(sender: Sender) -> None:
    headers = {"Via": "1.1 google", "X-RateLimit-Global": "true", "Retry-After": "0"}
    await sender.send("/channels/1", 429, headers)
    await asyncio.wait_for(sender.released.wait(), 60)


async def test_the_bot_says_that_it_is_banned(chat: Chat) -> None:
    chat.fake.fail_next("POST", "/messages", 429, via=False, retry_after_s=300)
    chat.fake.say(chat.fake.channel, chat.ada, "!face")
    await until(lambda: "refuses this address" in (chat.bot.problem or ""))
    sent = len(chat.fake.http.requests)
    chat.fake.say(chat.fake.channel, chat.ada, "!face")
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.asked()
    assert len(chat.fake.http.requests) == sent


@pytest.mark.parametrize("trouble", [{"status": 503}, {"status": None}, {"status": None, "after": True}])
async def test_a_first_response_is_tried_again_before_discord_gives_up(chat: Chat, trouble: dict[str, object]) -> None:
    chat.fake.fail_next("POST", "/callback", **trouble)  # type: ignore[arg-type]
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    await chat.faces.asked()
    assert interaction.original is not None
    if trouble.get("after"):  # the answer to the first try was lost, so the second is refused, and that is fine
        [complaint] = chat.fake.complaints
        assert "40060" in complaint
        chat.fake.complaints.clear()
