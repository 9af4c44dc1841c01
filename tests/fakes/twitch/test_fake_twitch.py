"""The fake itself, asked as the real Twitch is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Token, User

BOT_SCOPES = ("user:read:chat", "user:write:chat", "user:bot")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwitch]:
    async with FakeTwitch() as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Asking:
    """Helix with a token."""

    def __init__(self, fake: FakeTwitch, session: aiohttp.ClientSession, token: Token) -> None:
        self._fake, self._session = fake, session
        self.headers = {"Client-Id": fake.client_id, "Authorization": f"Bearer {token.value}"}

    async def __call__(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        url = f"http://{self._fake.origin}/helix/{path}"
        async with self._session.request(method, url, headers=self.headers, **given) as response:
            return response.status, await response.json() if response.content_length else None


@asynccontextmanager
async def listening(fake: FakeTwitch, session: aiohttp.ClientSession) -> AsyncIterator[tuple[Any, str]]:
    async with session.ws_connect(fake.settings().eventsub_url) as socket:
        welcome = await socket.receive_json()
        yield socket, welcome["payload"]["session"]["id"]


def chat_subscription(fake: FakeTwitch, **transport: str) -> dict[str, Any]:
    condition = {"broadcaster_user_id": fake.channel.id, "user_id": fake.bot.id}
    return {"type": "channel.chat.message", "version": "1", "condition": condition, "transport": transport}


async def test_what_is_said_reaches_a_subscribed_websocket(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
    async with listening(fake, session) as (socket, session_id):
        status, _ = await ask(
            "POST",
            "eventsub/subscriptions",
            json=chat_subscription(fake, method="websocket", session_id=session_id),
        )
        assert status == 202
        fake.channel.subscribers.add((ada := fake.user("Ada")).id)
        fake.say(ada, "!face Kappa now", emotes={"Kappa": "25"})
        frame = await socket.receive_json()
    event = frame["payload"]["event"]
    assert frame["metadata"]["subscription_type"] == "channel.chat.message"
    assert [fragment["type"] for fragment in event["message"]["fragments"]] == ["text", "emote", "text"]
    assert event["message"]["fragments"][1]["emote"]["id"] == "25"
    assert [badge["set_id"] for badge in event["badges"]] == ["subscriber"]
    assert event["chatter_user_login"] == "ada"


async def test_subscriptions_are_refused_as_twitch_refuses_them(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, "user:write:chat"))
    app = Asking(fake, session, fake.grant(None))
    async with listening(fake, session) as (_, session_id):
        wanted = chat_subscription(fake, method="websocket", session_id=session_id)
        assert (await ask("POST", "eventsub/subscriptions", json=wanted))[0] == 403
        assert (await app("POST", "eventsub/subscriptions", json=wanted))[0] == 400
        reader = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
        assert (await reader("POST", "eventsub/subscriptions", json=wanted))[0] == 202
        assert (await reader("POST", "eventsub/subscriptions", json=wanted))[0] == 409
        gone = chat_subscription(fake, method="websocket", session_id="elsewhere")
        assert (await reader("POST", "eventsub/subscriptions", json=gone))[0] == 400


async def test_a_conduit_carries_what_the_application_may_hear(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    app = Asking(fake, session, fake.grant(None))
    fake.grant(fake.bot, *BOT_SCOPES)
    _, made = await app("POST", "eventsub/conduits", json={"shard_count": 1})
    conduit_id = made["data"][0]["id"]
    wanted = chat_subscription(fake, method="conduit", conduit_id=conduit_id)
    assert (await app("POST", "eventsub/subscriptions", json=wanted))[0] == 403  # the broadcaster has not agreed
    fake.grant(fake.channel, "channel:bot")
    assert (await app("POST", "eventsub/subscriptions", json=wanted))[0] == 202
    async with listening(fake, session) as (socket, session_id):
        shard = {"id": "0", "transport": {"method": "websocket", "session_id": session_id}}
        beyond = shard | {"id": "1"}
        body = {"conduit_id": conduit_id, "shards": [shard, beyond]}
        status, done = await app("PATCH", "eventsub/conduits/shards", json=body)
        assert (status, len(done["data"]), len(done["errors"])) == (202, 1, 1)
        fake.say(fake.user("Ada"), "hello")
        assert (await socket.receive_json())["payload"]["event"]["message"]["text"] == "hello"


@pytest.mark.parametrize(
    ("scopes", "message", "status"),
    [
        (BOT_SCOPES, "hello", 200),
        (("user:read:chat",), "hello", 401),
        (BOT_SCOPES, "x" * 501, 422),
        (BOT_SCOPES, " ", 400),
    ],
)
async def test_messages_are_taken_or_refused(
    fake: FakeTwitch, session: aiohttp.ClientSession, scopes: tuple[str, ...], message: str, status: int
) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *scopes))
    body = {"broadcaster_id": fake.channel.id, "sender_id": fake.bot.id, "message": message}
    assert (await ask("POST", "chat/messages", json=body))[0] == status
    assert (await ask("POST", "chat/messages", json=body | {"colour": "red"}))[0] == 400


async def test_links_and_too_many_messages_are_dropped_with_a_reason(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
    fake.channel.blocks_links = True
    fake.limits.messages = 1

    async def said(text: str) -> str | None:
        body = {"broadcaster_id": fake.channel.id, "sender_id": fake.bot.id, "message": text}
        _, answer = await ask("POST", "chat/messages", json=body)
        reason = answer["data"][0]["drop_reason"]
        return reason and reason["code"]

    assert await said("https://example.org/f/1") == "channel_settings"
    assert await said("hello") is None
    assert await said("again") == "msg_ratelimit"


async def test_helix_counts_points_and_says_when_there_are_more(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
    fake.limits.points = 2
    url = f"http://{fake.origin}/helix/users"
    statuses = []
    for _ in range(3):
        async with session.get(url, headers=ask.headers) as response:
            statuses.append(response.status)
            assert {"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset"} <= response.headers.keys()
    assert statuses == [200, 200, 429]


async def test_tokens_are_exchanged_refreshed_and_revoked(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    base = fake.settings().id_url
    redirect = "http://localhost:8080/connect/twitch/callback"
    query = {"client_id": fake.client_id, "redirect_uri": redirect, "response_type": "code", "state": "s"}
    async with session.get(
        f"{base}/authorize", params=query | {"scope": "channel:bot"}, allow_redirects=False
    ) as response:
        back = URL(response.headers["Location"])
    assert back.query["state"] == "s"
    form = {"client_id": fake.client_id, "client_secret": fake.client_secret}
    exchange = form | {"grant_type": "authorization_code", "code": back.query["code"], "redirect_uri": redirect}
    async with session.post(f"{base}/token", data=exchange) as response:
        tokens = await response.json()
    async with session.post(f"{base}/token", data=exchange) as response:
        assert response.status == 400  # a code is good once
    refresh = form | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    async with session.post(f"{base}/token", data=refresh) as response:
        newer = await response.json()
    assert await _validated(session, base, tokens["access_token"]) == 401
    assert await _validated(session, base, newer["access_token"]) == 200
    revoke = {"client_id": fake.client_id, "token": newer["access_token"]}
    async with session.post(f"{base}/revoke", data=revoke) as response:
        assert response.status == 200
    assert fake.channel.granted == set()
    assert fake.complaints == []


async def test_device_codes_wait_for_somebody_to_agree(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    base, asked = fake.settings().id_url, {"client_id": fake.client_id, "scopes": "user:read:chat"}
    async with session.post(f"{base}/device", data=asked) as response:
        device = await response.json()
    poll = asked | {"device_code": device["device_code"], "grant_type": "urn:ietf:params:oauth:grant-type:device_code"}
    async with session.post(f"{base}/token", data=poll) as response:
        assert (await response.json())["message"] == "authorization_pending"
    fake.identity.approve(device["user_code"], fake.bot)
    async with session.post(f"{base}/token", data=poll) as response:
        assert (await response.json())["scope"] == ["user:read:chat"]


async def test_a_redemption_comes_with_its_message_and_is_settled_once(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    ask = Asking(fake, session, fake.grant(fake.channel, "channel:manage:redemptions"))
    where = {"broadcaster_id": fake.channel.id}
    rewards = "channel_points/custom_rewards"
    fields = {"title": "A face", "cost": 500, "is_user_input_required": True}
    status, made = await ask("POST", rewards, params=where, json=fields)
    assert status == 200
    assert (await ask("POST", rewards, params=where, json=fields))[0] == 400  # the title is taken
    reward = fake.channel.rewards[made["data"][0]["id"]]
    redemption = fake.redeem(fake.user("Ada"), reward, "Kappa")
    assert [message.reward_id for message in fake.messages.values()] == [reward.id]
    which = where | {"reward_id": reward.id, "id": redemption.id}
    assert (await ask("PATCH", f"{rewards}/redemptions", params=which, json={"status": "CANCELED"}))[0] == 200
    assert (await ask("PATCH", f"{rewards}/redemptions", params=which, json={"status": "FULFILLED"}))[0] == 404
    assert redemption.status == "CANCELED"


async def test_a_moved_session_keeps_its_subscriptions(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
    async with listening(fake, session) as (socket, session_id):
        wanted = chat_subscription(fake, method="websocket", session_id=session_id)
        await ask("POST", "eventsub/subscriptions", json=wanted)
        fake.sockets.ask_to_reconnect()
        moved = await socket.receive_json()
        async with session.ws_connect(moved["payload"]["session"]["reconnect_url"]) as newer:
            welcome = await newer.receive_json()
            assert welcome["payload"]["session"]["id"] == session_id
            await socket.close()
            fake.say(fake.user("Ada"), "still here")
            assert (await newer.receive_json())["payload"]["event"]["message"]["text"] == "still here"


@pytest.mark.parametrize("code", [4000, 4002, 4005, 4006])
async def test_twitch_closes_connections_with_its_own_codes(
    fake: FakeTwitch, session: aiohttp.ClientSession, code: int
) -> None:
    async with listening(fake, session) as (socket, _):
        fake.drop_websocket(code)
        await socket.receive()
        assert socket.close_code == code


async def test_a_session_without_subscriptions_or_with_a_talking_client_is_closed(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    async with listening(fake, session) as (socket, _):
        await socket.send_str("hello")
        await socket.receive()
        assert socket.close_code == 4001
    fake.sockets.unused_s = 0.0
    async with listening(fake, session) as (socket, _):
        await socket.receive()
        assert socket.close_code == 4003


async def test_silence_is_broken_by_keepalives(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    fake.sockets.keepalive_s = 0.01
    async with listening(fake, session) as (socket, _):
        assert (await socket.receive_json())["metadata"]["message_type"] == "session_keepalive"


async def test_trouble_is_made_on_demand(fake: FakeTwitch, session: aiohttp.ClientSession) -> None:
    ask = Asking(fake, session, fake.grant(fake.bot, *BOT_SCOPES))
    fake.fail_next("/users", 503)
    held = fake.fail_next("/streams", hold=True)
    assert (await ask("GET", "users"))[0] == 503
    assert (await ask("GET", "users"))[0] == 200
    waiting = asyncio.create_task(ask("GET", "streams", params={"user_id": fake.channel.id}))
    await held.reached.wait()
    assert not waiting.done()
    held.release.set()
    assert (await waiting)[0] == 200


async def test_a_revoked_connection_ends_tokens_and_subscriptions(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    token = fake.grant(fake.bot, *BOT_SCOPES)
    ask = Asking(fake, session, token)
    async with listening(fake, session) as (socket, session_id):
        wanted = chat_subscription(fake, method="websocket", session_id=session_id)
        await ask("POST", "eventsub/subscriptions", json=wanted)
        fake.revoke(fake.bot)
        frame = await socket.receive_json()
    assert frame["metadata"]["message_type"] == "revocation"
    assert frame["payload"]["subscription"]["status"] == "authorization_revoked"
    assert (await ask("GET", "users"))[0] == 401
    assert fake.subscriptions == {}


async def test_who_is_what_in_a_channel_is_told_to_those_who_may_know(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    fan: User = fake.user("Fan")
    for people in (fake.channel.followers, fake.channel.moderators, fake.channel.vips, fake.channel.subscribers):
        people.add(fan.id)
    scopes = ("moderator:read:followers", "moderation:read", "channel:read:vips", "channel:read:subscriptions")
    ask = Asking(fake, session, fake.grant(fake.channel, *scopes))
    where = {"broadcaster_id": fake.channel.id, "user_id": fan.id}
    for path in ("channels/followers", "moderation/moderators", "channels/vips", "subscriptions"):
        _, answer = await ask("GET", path, params=where)
        assert [each["user_id"] for each in answer["data"]] == [fan.id]
    nosy = Asking(fake, session, fake.grant(fan, *scopes))
    assert (await nosy("GET", "moderation/moderators", params=where))[0] == 401


async def _validated(session: aiohttp.ClientSession, base: str, token: str) -> int:
    async with session.get(f"{base}/validate", headers={"Authorization": f"OAuth {token}"}) as response:
        return response.status
