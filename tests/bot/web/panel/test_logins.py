"""Logging in and out, and everything that must not log anybody in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from bot.models import Platform
from bot.store.personal import PersonalData
from bot.web.logins.sessions import SESSION_AGE_S
from tests.bot.web.panel.site import GUILD, Browser, PanelSite, browser_on, panel_site

COOKIE = "emoteface_session"


async def test_discord_says_who_somebody_is(site: PanelSite, browser: Browser) -> None:
    site.admin("Ada <i>")
    page = await browser.log_in()
    assert (browser.status, browser.at) == (200, "/panel")
    assert "Ada &lt;i&gt;" in page
    assert site.discord.oauth.asked_scopes == ["identify guilds"]


async def test_a_logins_token_is_revoked_and_no_secret_is_in_an_address(site: PanelSite, browser: Browser) -> None:
    site.admin()
    await browser.log_in()
    [token] = site.discord.oauth.issued
    assert site.discord.oauth.revoked == [token]
    assert not [path for _, path in site.discord.http.requests if token in path or "secret" in path]


async def test_twitch_says_who_somebody_is(site: PanelSite, browser: Browser) -> None:
    streamer = site.twitch.user("Streamer")
    site.twitch.browsing = streamer
    site.channels.names[f"twitch:{streamer.id}"] = "Streamer"
    site.channels.managers.add((f"twitch:{streamer.id}", streamer.id))
    page = await browser.log_in("twitch")
    assert browser.at == "/panel"
    assert f'href="/panel/twitch:{streamer.id}"' in page
    assert "Change or end the connection" in page
    assert site.twitch.complaints == []


async def test_whoever_is_logged_in_needs_no_login(site: PanelSite, browser: Browser) -> None:
    site.admin()
    await browser.log_in()
    await browser.open("/login")
    assert browser.at == "/panel"


@pytest.mark.parametrize("path", ["/panel", f"/panel/{GUILD}", "/panel/reports", f"/panel/{GUILD}/overlay/address"])
async def test_nobody_else_gets_in(browser: Browser, path: str) -> None:
    await browser.open(path)
    assert browser.at == "/login"


async def test_the_cookie_is_for_the_server_alone_and_ends(site: PanelSite, browser: Browser) -> None:
    site.admin()
    async with browser.session.get(site.url + "/login/discord", allow_redirects=False) as answer:
        [state] = answer.cookies.values()
    assert (state["httponly"], state["samesite"], state["path"]) == (True, "Lax", "/")
    back = await _agreed(browser, answer)
    async with browser.session.get(back, allow_redirects=False) as answer:
        session = answer.cookies[COOKIE]
    assert (answer.status, answer.headers["Location"]) == (303, "/panel")
    assert (session["httponly"], session["samesite"], session["path"]) == (True, "Lax", "/")
    assert float(session["max-age"]) == SESSION_AGE_S


async def test_behind_https_cookies_are_bound_to_it(tmp_path: Path) -> None:
    async with (
        panel_site(tmp_path, public_url="https://faces.example") as site,
        browser_on(site) as browser,
        browser.session.get(
            site.url + "/login/discord", headers={"Host": "faces.example"}, allow_redirects=False
        ) as answer,
    ):
        [(name, cookie)] = answer.cookies.items()
        assert (name, cookie["secure"]) == ("__Host-emoteface_login-discord", True)
        redirect = URL(answer.headers["Location"]).query["redirect_uri"]
        assert redirect == "https://faces.example/login/discord/callback"


async def test_a_login_begun_under_another_name_goes_to_the_public_one(tmp_path: Path) -> None:
    async with (
        panel_site(tmp_path, public_url="https://faces.example") as site,
        browser_on(site) as browser,
        browser.session.get(site.url + "/login/discord", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (303, "https://faces.example/login")


async def test_logging_out_revokes_the_session_wherever_its_cookie_is(site: PanelSite, browser: Browser) -> None:
    site.admin()
    await browser.log_in()
    stolen = browser.cookie
    await browser.send("/logout")
    assert browser.at == "/login"
    async with aiohttp.ClientSession(cookies={COOKIE: stolen}) as thief, thief.get(site.url + "/panel") as answer:
        assert answer.url.path == "/login"


async def test_a_login_has_a_new_session_and_ends_the_one_before(site: PanelSite, browser: Browser) -> None:
    site.admin()
    await browser.log_in()
    first = browser.cookie
    await browser.log_in()
    second = browser.cookie
    assert first != second
    async with aiohttp.ClientSession(cookies={COOKIE: first}) as before, before.get(site.url + "/panel") as answer:
        assert answer.url.path == "/login"


@pytest.mark.parametrize("change", ["signature", "id", "no signature", "nothing"])
async def test_a_cookie_that_was_changed_is_nobody(site: PanelSite, browser: Browser, change: str) -> None:
    site.admin()
    await browser.log_in()
    session_id, _, signature = browser.cookie.partition(".")
    flipped = {
        "signature": f"{session_id}.{signature[::-1]}",
        "id": f"{session_id[::-1]}.{signature}",
        "no signature": session_id,
        "nothing": "",
    }
    cookies = {COOKIE: flipped[change]}
    async with aiohttp.ClientSession(cookies=cookies) as other, other.get(site.url + "/panel") as answer:
        assert answer.url.path == "/login"


async def test_who_says_no_is_told_so(site: PanelSite, browser: Browser) -> None:
    site.discord.oauth.agrees = False
    page = await browser.log_in()
    assert browser.status == 403
    assert "You did not agree" in page


async def test_a_callback_counts_once_and_in_its_own_browser(site: PanelSite, browser: Browser) -> None:
    site.admin()
    async with browser.session.get(site.url + "/login/discord", allow_redirects=False) as answer:
        back = await _agreed(browser, answer)
    async with browser_on(site) as victim:  # an attacker's callback in somebody else's browser: login fixation
        page = await victim.open(back.removeprefix(site.url))
        assert (victim.status, "was not begun in this browser" in page) == (403, True)
    await browser.open(back.removeprefix(site.url))
    assert browser.at == "/panel"
    await browser.send("/logout")
    await browser.open(back.removeprefix(site.url))
    assert browser.status == 403


@pytest.mark.parametrize(
    ("path", "status"), [("oauth2/token", 500), ("oauth2/token", None), ("users/@me$", 401), ("users/@me/guilds", 429)]
)
async def test_when_discord_fails_nobody_is_logged_in(
    site: PanelSite, browser: Browser, path: str, status: int | None
) -> None:
    site.admin()
    site.discord.fail_next("POST" if "token" in path else "GET", path, status)
    page = await browser.log_in()
    assert browser.status == 502
    assert "Discord did not say who you are" in page
    await browser.open("/panel")
    assert browser.at == "/login"


async def test_when_twitch_fails_nobody_is_logged_in(site: PanelSite, browser: Browser) -> None:
    site.twitch.browsing = site.twitch.user("Streamer")
    site.twitch.fail_next("/oauth2/validate", 500)
    page = await browser.log_in("twitch")
    assert browser.status == 502
    assert "Twitch did not say who you are" in page


async def test_a_token_that_cannot_be_revoked_does_not_keep_anybody_out(site: PanelSite, browser: Browser) -> None:
    site.admin()
    site.discord.fail_next("POST", "oauth2/token/revoke", 503)
    await browser.log_in()
    assert browser.at == "/panel"


WORDS = st.text(max_size=40) | st.sampled_from(["code", "state", "error", "..", "//evil.example", "%00", "\r\n", "🎭"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(query=st.lists(st.tuples(WORDS, WORDS), max_size=5), code=WORDS, state=WORDS, begun=st.booleans())
async def test_whatever_a_callback_brings_nobody_is_logged_in_or_sent_away(
    site: PanelSite, query: list[tuple[str, str]], code: str, state: str, begun: bool
) -> None:
    async with browser_on(site) as browser:
        if begun:
            async with browser.session.get(site.url + "/login/twitch", allow_redirects=False):
                pass
        given_query = urlencode([*query, ("code", code), ("state", state)], errors="surrogatepass")
        async with browser.session.get(
            f"{site.url}/login/twitch/callback?{given_query}", allow_redirects=False
        ) as answer:
            assert answer.status in {400, 403}
            assert "Location" not in answer.headers
            assert COOKIE not in answer.cookies
        assert not [path for _, path in site.twitch.requests if path.startswith("/oauth2/token")]


async def test_nothing_in_the_address_decides_where_a_visitor_is_sent(site: PanelSite, browser: Browser) -> None:
    site.admin()
    for path in ("/login?next=//evil.example", "/login/discord?next=https://evil.example&redirect=//evil.example"):
        async with browser.session.get(site.url + path, allow_redirects=False) as answer:
            assert "evil" not in answer.headers.get("Location", "")


async def test_a_code_of_the_command_line_logs_in_once(site: PanelSite, browser: Browser) -> None:
    await site.store.add_code("the-code", 0, 9e12)
    assert "<code>emoteface panel</code>" in await browser.open("/login")
    page = await browser.send("/login/code", code="the-code")
    assert browser.at == "/panel"
    assert "Terminal" in page
    assert "Testers" in page
    async with browser_on(site) as other:
        await other.open("/login")
        page = await other.send("/login/code", code="the-code")
        assert (other.status, "was used" in page) == (403, True)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_no_other_site_can_send_a_login_or_a_logout(
    site: PanelSite, browser: Browser, headers: dict[str, str]
) -> None:
    site.admin()
    await browser.log_in()
    for path in ("/login/code", "/logout"):
        async with browser.session.post(site.url + path, headers=headers, data={"code": "x"}) as answer:
            assert answer.status == 403
    await browser.open("/panel")
    assert browser.at == "/panel"


async def test_without_a_form_token_nobody_is_logged_out(site: PanelSite, browser: Browser) -> None:
    site.admin()
    await browser.log_in()
    browser.page = ""
    await browser.send("/logout")
    assert browser.at == "/panel"


async def test_somebody_who_wants_to_be_forgotten_is_logged_out(site: PanelSite, browser: Browser) -> None:
    user_id = site.admin()
    await browser.log_in()
    await PersonalData(site.engine).forget(Platform.TWITCH, user_id, 0)
    assert "/panel" in await browser.open("/panel"), "another platform's id is somebody else's"
    await PersonalData(site.engine).forget(Platform.DISCORD, user_id, 0)
    await browser.open("/panel")
    assert browser.at == "/login"


async def _agreed(browser: Browser, answer: aiohttp.ClientResponse) -> str:
    """Where the platform sends the browser back to."""
    async with browser.session.get(answer.headers["Location"], allow_redirects=False) as agreed:
        return agreed.headers["Location"]
