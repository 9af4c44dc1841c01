"""Connecting a channel in a browser: the whole way with a real server, Twitch being the fake."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccounts
from bot.twitch.client import TwitchBot
from bot.web.connecting import ConnectPages
from bot.web.oauth_state import OAuthStates
from bot.web.signing import Signer
from tests.fakes.databases import fresh_database
from tests.fakes.twitch.server import FakeTwitch


@dataclass
class Place:
    """The site with a browser in front of it."""

    fake: FakeTwitch
    bot: TwitchBot
    accounts: TwitchAccounts
    browser: aiohttp.ClientSession
    url: str

    @property
    def local(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    async def visit(self, path: str, **given: str) -> tuple[int, str]:
        """Follow every redirect, through Twitch and back."""
        async with self.browser.get(URL(self.local + path), headers=given) as response:
            return response.status, await response.text()

    async def channel(self) -> frozenset[str] | None:
        found = await self.accounts.get(AccountKey(self.fake.channel.id, Role.CHANNEL))
        return None if found is None else found.scopes


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with (
        FakeTwitch() as fake,
        fresh_database() as engine,
        aiohttp.ClientSession() as ours,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        accounts = TwitchAccounts(engine, Sealer(None))
        bot = TwitchBot(fake.settings(), accounts, ours)
        app = web.Application()
        app.add_routes(ConnectPages(bot, OAuthStates(Signer(bytes(32)), secure=False), public_url=None).routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        fake.redirect_uris = {f"http://localhost:{runner.addresses[0][1]}/connect/twitch/callback"}
        yield Place(fake, bot, accounts, browser, url)
        await runner.cleanup()


async def test_a_broadcaster_connects_with_the_least_there_is(place: Place) -> None:
    status, page = await place.visit("/connect/twitch")
    assert status == 200
    (go,) = re.findall(r'href="(/connect/twitch/go[^"]*)"', page)
    status, page = await place.visit(go)
    assert status == 200
    assert "streamer is connected" in page
    assert await place.channel() == {"channel:bot"}
    assert place.fake.complaints == []


async def test_each_wish_asks_for_its_own_scope_and_no_other(place: Place) -> None:
    _, page = await place.visit("/connect/twitch")
    toggle = next(link for link in re.findall(r'href="(/connect/twitch\?[^"]*)"', page) if "rewards" in link)
    _, page = await place.visit(toggle)
    (go,) = re.findall(r'href="(/connect/twitch/go[^"]*)"', page)
    await place.visit(go)
    assert await place.channel() == {"channel:bot", "channel:manage:redemptions"}
    await place.visit("/connect/twitch/go?with=followers&with=nonsense")
    assert await place.channel() == {"channel:bot", "moderator:read:followers"}


async def test_a_broadcaster_leaves_and_nothing_stays(place: Place) -> None:
    await place.visit("/connect/twitch/go")
    _, page = await place.visit("/connect/twitch/leave")
    assert "streamer is disconnected: the bot has left" in page
    assert await place.channel() is None
    assert place.fake.tokens == {}
    assert place.fake.channel.granted == set()


async def test_leaving_is_possible_while_twitch_cannot_be_told(place: Place) -> None:
    await place.visit("/connect/twitch/go")
    place.fake.fail_next("/oauth2/revoke", 503, times=10)
    status, page = await place.visit("/connect/twitch/leave")
    assert (status, "does not answer" in page) == (502, True)
    assert await place.channel() is not None
    place.fake.faults.clear()
    place.fake.fail_next("/oauth2/revoke", 503, times=0)
    await place.visit("/connect/twitch/leave")
    assert await place.channel() is None


async def test_who_says_no_at_twitch_is_not_connected(place: Place) -> None:
    place.fake.browsing = None
    status, page = await place.visit("/connect/twitch/go")
    assert (status, "nothing has changed" in page) == (200, True)
    assert await place.channel() is None


async def test_nobody_can_have_another_browser_finish_what_they_began(place: Place) -> None:
    async with aiohttp.ClientSession() as attacker:
        async with attacker.get(f"{place.local}/connect/twitch/go", allow_redirects=False) as response:
            authorize = response.headers["Location"]
        async with attacker.get(authorize, allow_redirects=False) as response:
            callback = URL(response.headers["Location"])
    status, page = await place.visit(callback.path_qs)
    assert (status, "begin again" in page) == (403, True)
    assert await place.channel() is None


async def test_this_very_machine_goes_by_its_name_as_twitch_wants_it(place: Place) -> None:
    async with place.browser.get(f"{place.url}/connect/twitch/go?with=rewards", allow_redirects=False) as response:
        assert response.headers["Location"] == f"{place.local}/connect/twitch/go?with=rewards"


async def test_a_callback_is_good_once(place: Place) -> None:
    async with place.browser.get(f"{place.local}/connect/twitch/go", allow_redirects=False) as response:
        authorize = response.headers["Location"]
    async with place.browser.get(authorize, allow_redirects=False) as response:
        callback = URL(response.headers["Location"])
    assert (await place.visit(callback.path_qs))[0] == 200
    assert (await place.visit(callback.path_qs))[0] == 403


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?code=x&state=y", "?error=access_denied&state=%00", "?state=" + "a" * 5000]
)
async def test_nonsense_is_sent_back_to_the_start(place: Place, query: str) -> None:
    status, page = await place.visit(f"/connect/twitch/callback{query}")
    assert status in {400, 403}
    assert "Traceback" not in page


async def test_twitch_being_down_is_said_and_shows_no_secret(place: Place) -> None:
    place.fake.fail_next("/oauth2/token", 503)
    status, page = await place.visit("/connect/twitch/go")
    assert (status, "does not answer" in page) == (502, True)
    assert place.fake.client_secret not in page


async def test_the_page_speaks_the_visitors_language(place: Place) -> None:
    _, page = await place.visit("/connect/twitch", **{"Accept-Language": "de"})
    assert '<html lang="de">' in page
    assert "Mit Twitch verbinden" in page


async def test_a_visitor_of_another_name_is_sent_to_the_public_one(place: Place) -> None:
    pages = ConnectPages(place.bot, OAuthStates(Signer(bytes(32)), secure=True), public_url="https://faces.example.org")
    app = web.Application()
    app.add_routes(pages.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/connect/twitch/go?with=rewards"
    async with place.browser.get(url, allow_redirects=False) as response:
        assert response.headers["Location"] == "https://faces.example.org/connect/twitch/go?with=rewards"
    async with place.browser.get(url, headers={"Host": "faces.example.org"}, allow_redirects=False) as response:
        query = URL(response.headers["Location"]).query
    assert query["redirect_uri"] == "https://faces.example.org/connect/twitch/callback"
    assert query["scope"] == "channel:bot channel:manage:redemptions"
    await runner.cleanup()
