"""Twitch's OAuth: what is sent, what is believed, and that nothing secret gets out."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.twitch.errors import TwitchDown, TwitchRefused
from bot.twitch.oauth import DeviceCode, Grant, LoginExpired, TwitchOAuth
from tests.fakes.twitch.server import FakeTwitch

BACK = "http://localhost:8080/connect/twitch/callback"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def wait(self, for_s: float) -> None:
        self.now += for_s


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def oauth(fake: FakeTwitch, session: aiohttp.ClientSession, clock: Clock) -> TwitchOAuth:
    return TwitchOAuth(session, fake.settings(), clock)


async def test_secrets_go_into_no_address(fake: FakeTwitch, oauth: TwitchOAuth) -> None:
    token = fake.grant(fake.bot, "user:read:chat")
    assert token.refresh is not None
    grant = await oauth.refresh(token.refresh)
    assert (await oauth.validate(grant.access_token)).login == fake.bot.login
    await oauth.revoke(grant.access_token)
    hidden = (fake.client_secret, token.value, token.refresh, grant.access_token, grant.refresh_token)
    assert not any(secret in url for secret in hidden for url in fake.urls)
    assert fake.complaints == []


def test_the_address_for_agreeing_has_what_is_asked_for_and_no_secret(fake: FakeTwitch, oauth: TwitchOAuth) -> None:
    url = oauth.authorize_url({"user:bot", "channel:bot"}, "state", BACK)
    assert "scope=channel:bot+user:bot" in url
    assert fake.client_secret not in url


def test_tokens_show_in_no_repr() -> None:
    grant = Grant("access", "refresh", frozenset(), 0.0)
    device = DeviceCode("secret", "ABCD", "https://x.example", 5.0, 1800.0, frozenset())
    assert "refresh'" not in repr(grant)
    assert "'access'" not in repr(grant)
    assert "secret" not in repr(device)


async def test_a_token_is_as_long_good_as_twitch_says(fake: FakeTwitch, oauth: TwitchOAuth) -> None:
    token = fake.grant(fake.bot, "user:read:chat")
    fake.token_lives_s = 3600
    assert (await oauth.refresh(str(token.refresh))).ends_at == 4600.0


@pytest.mark.parametrize("status", [500, 503, 429, None])
async def test_trouble_of_twitchs_is_no_refusal(fake: FakeTwitch, oauth: TwitchOAuth, status: int | None) -> None:
    fake.fail_next("/oauth2/token", status)
    with pytest.raises(TwitchDown):
        await oauth.refresh("token")


async def test_what_twitch_does_not_know_is_refused(oauth: TwitchOAuth) -> None:
    for ask in (oauth.refresh("no"), oauth.exchange("no", BACK), oauth.validate("no")):
        with pytest.raises(TwitchRefused):
            await ask
    await oauth.revoke("no")  # is what was wanted


async def test_a_code_that_nobody_types_in_runs_out(fake: FakeTwitch, oauth: TwitchOAuth, clock: Clock) -> None:
    device = await oauth.device({"user:bot"})
    with pytest.raises(LoginExpired):
        await oauth.agreed(device, clock.wait)
    assert fake.identity.polled == 360
    assert clock.now == 2800.0


@pytest.mark.parametrize(
    "answer",
    [
        '{"access_token": "SECRET", "refresh_token": 5, "expires_in": "SECRET"}',
        '{"access_token": "SECRET"',
        '["SECRET"]',
        "<html>SECRET</html>",
        "SECRET" * 20_000,
        "",
    ],
)
async def test_an_answer_that_makes_no_sense_is_none_and_shows_nowhere(
    fake: FakeTwitch, session: aiohttp.ClientSession, answer: str
) -> None:
    async def talk(_: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", talk)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    oauth = TwitchOAuth(session, fake.settings(id_url=f"http://127.0.0.1:{runner.addresses[0][1]}/oauth2"))
    for ask in (oauth.refresh("x"), oauth.validate("x"), oauth.device({"user:bot"})):
        with pytest.raises(TwitchDown) as down:
            await ask
        assert "SECRET" not in "".join(traceback.format_exception(down.value))
    await runner.cleanup()


async def test_an_identity_that_could_be_anything_else_is_not_believed(
    fake: FakeTwitch, session: aiohttp.ClientSession
) -> None:
    async def talk(_: web.Request) -> web.Response:
        return web.json_response({"user_id": "1/../2", "login": "{evil}", "scopes": []})

    app = web.Application()
    app.router.add_get("/oauth2/validate", talk)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    oauth = TwitchOAuth(session, fake.settings(id_url=f"http://127.0.0.1:{runner.addresses[0][1]}/oauth2"))
    with pytest.raises(TwitchDown):
        await oauth.validate("x")
    await runner.cleanup()
