"""The privacy statement and the terms, as visitors read them."""

from __future__ import annotations

import re

import aiohttp
import pytest

from bot.privacy import kept, rights, rules
from bot.texts import say
from bot.web.rendering import preferred_locale
from config.settings import load_settings
from tests.bot.web.conftest import Site


async def page(site: Site, path: str, **headers: str) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession() as session, session.get(site.url + path, headers=headers) as answer:
        await answer.read()
        return answer


async def test_the_privacy_page_says_everything_that_is_kept(site: Site) -> None:
    text = await (await page(site, "/privacy")).text()
    for row in kept(load_settings().requests):
        assert say(row.what).replace("'", "&#39;") in text
        assert say(row.how_long) in text
    assert all(say(right).partition("`")[2].partition("`")[0] in text for right in rights())


async def test_what_the_page_promises_is_what_the_settings_say(site: Site) -> None:
    requests = load_settings().requests.model_copy(update={"keep_requests_days": 3.0, "keep_pictures_h": 1.0})
    said = [say(row.how_long) for row in kept(requests)]
    assert "3 days" in said
    assert "1 hour" in said
    assert "90 days" in said


async def test_the_terms_say_every_rule(site: Site) -> None:
    text = await (await page(site, "/terms")).text()
    assert text.count("<li>") == len(rules())


async def test_the_operators_name_cannot_break_the_page(site: Site) -> None:
    text = await (await page(site, "/privacy")).text()
    assert "&lt;b&gt;Ada&lt;/b&gt;" in text
    assert "ada@example.org" in text
    assert "<b>" not in text


@pytest.mark.parametrize("path", ["/privacy", "/terms"])
async def test_the_page_is_in_the_visitors_language(site: Site, path: str) -> None:
    answer = await page(site, path, **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert answer.headers["Content-Language"] == "de"
    assert answer.headers["Vary"] == "Accept-Language, Cookie"
    assert '<html lang="de">' in await answer.text()


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [("", "en"), ("*", "en"), ("pt-BR, fr;q=0.8, de;q=0.2", "fr"), ("ja", "ja"), ("EN-gb", "en"), (";;,,=", "en")],
)
def test_the_first_language_that_is_spoken_here_counts(accepted: str, locale: str) -> None:
    assert preferred_locale(accepted) == locale


async def test_the_pages_need_no_script_and_nothing_from_elsewhere(site: Site) -> None:
    answer = await page(site, "/privacy")
    text = await answer.text()
    assert "<script" not in text
    assert all(link.startswith("/") for link in re.findall(r'(?:href|src)="([^"]+)"', text))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
