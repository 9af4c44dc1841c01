"""What `emoteface doctor` finds out about Discord."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.discord.doctor import Finding, check
from bot.discord.invite import invite_url
from config.settings import DiscordSettings
from tests.fakes.discord.server import FakeDiscord


def texts(findings: list[Finding], *, problems: bool) -> str:
    return "\n".join(finding.text for finding in findings if finding.is_problem is problems)


async def test_a_working_set_up_gives_facts_and_the_invite_link(fake: FakeDiscord) -> None:
    findings = await check(fake.settings())
    facts = texts(findings, problems=False)
    assert texts(findings, problems=True) == ""
    assert f"application {fake.application_id}" in facts
    assert "intent is on" in facts
    assert "1 servers" in facts
    assert invite_url(fake.application_id) in facts
    assert fake.token not in facts


async def test_an_intent_that_is_off_is_explained_but_no_problem() -> None:
    async with FakeDiscord(message_content=False) as fake:
        findings = await check(fake.settings(prefix="$"))
    assert "$face does not" in texts(findings, problems=False)
    assert texts(findings, problems=True) == ""


async def test_an_approved_intent_is_told_from_one_switched_on(fake: FakeDiscord) -> None:
    fake.message_content_approved = True
    assert "approved" in texts(await check(fake.settings()), problems=False)


async def test_an_endpoint_url_that_swallows_slash_commands_is_a_problem(fake: FakeDiscord) -> None:
    fake.interactions_endpoint_url = "https://example.com/interactions"
    assert "endpoint URL" in texts(await check(fake.settings()), problems=True)


async def test_a_refused_token_is_a_problem_and_stays_secret(fake: FakeDiscord) -> None:
    findings = await check(fake.settings(token="wrong.secret.token"))
    assert "refuses the token" in texts(findings, problems=True)
    assert "secret" not in str(findings)


@pytest.mark.parametrize("status", [503, None])
async def test_an_unreachable_discord_is_a_problem(fake: FakeDiscord, status: int | None) -> None:
    fake.fail_next("GET", "/users/@me", status, times=10)  # a cut connection is tried again by aiohttp
    assert "cannot be reached" in texts(await check(fake.settings()), problems=True)


async def test_without_a_token_discord_is_off_and_nothing_is_asked(fake: FakeDiscord) -> None:
    settings = DiscordSettings(**fake.settings().model_dump() | {"token": None})
    [finding] = await check(settings)
    assert not finding.is_problem
    assert fake.http.requests == []


def test_the_invite_asks_for_little() -> None:
    url = URL(invite_url(25))
    assert url.query["client_id"] == "25"
    assert set(url.query["scope"].split()) == {"bot", "applications.commands"}
    view, send, attach, history, threads = 1 << 10, 1 << 11, 1 << 15, 1 << 16, 1 << 38
    assert int(url.query["permissions"]) == view | send | attach | history | threads
