"""What holds for every route of the panel and its logins, those to come included."""

from __future__ import annotations

import re

from tests.bot.web.panel.site import GUILD, OTHER, Browser, PanelSite

_PLACES = {"scope": GUILD, "id": "0" * 26, "page": "limits", "way": "discord"}
_PLACE = re.compile(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}")
_FOR_STRANGERS = {"/login", "/login/code", "/login/{way}", "/login/{way}/callback", "/logout"}


def routes(site: PanelSite, scope_id: str = GUILD) -> list[tuple[str, str, str]]:
    """Method, an address, and the pattern without what its places take."""
    found = []
    for part in site.panel.pages:
        for route in part.routes():
            filled = _PLACE.sub(lambda place: (_PLACES | {"scope": scope_id})[place[1]], route.path)
            found.append((route.method, filled, _PLACE.sub(r"{\1}", route.path)))
    return found


async def test_every_answer_has_the_headers_and_strangers_see_logins_only(site: PanelSite, browser: Browser) -> None:
    assert len(routes(site)) >= 20
    for method, path, pattern in routes(site):
        async with browser.session.request(method, site.url + path, allow_redirects=False) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert "frame-ancestors 'none'" in policy, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path
            assert answer.headers["Cache-Control"] == "no-store", path
            if pattern not in _FOR_STRANGERS:
                assert (answer.status, answer.headers["Location"]) == (303, "/login"), path


async def test_who_manages_something_gets_nowhere_else(site: PanelSite, browser: Browser) -> None:
    site.admin("Ada", GUILD)
    await browser.log_in()
    tried = 0
    for method, path, pattern in routes(site, OTHER):
        if "{scope}" in pattern or pattern.startswith(("/panel/reports", "/panel/health", "/panel/pause", "/panel/go")):
            await browser.open("/panel")
            await (browser.open(path) if method == "GET" else browser.send(path))
            assert browser.status in {403, 404}, path
            tried += 1
    assert tried >= 15
    assert await site.policy.stored(OTHER) == []


async def test_no_form_is_taken_without_its_token(site: PanelSite, browser: Browser) -> None:
    site.admin("Ada", GUILD)
    await browser.log_in()
    for method, path, pattern in routes(site):
        if method == "POST" and pattern not in _FOR_STRANGERS:
            browser.page = ""
            await browser.send(path, cooldown_s="33")
            assert browser.status == 403, path
    assert await site.policy.stored(GUILD) == []
