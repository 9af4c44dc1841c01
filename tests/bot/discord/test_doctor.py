"""What `emoteface doctor` finds out about Discord."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.discord.doctor import Finding, check
from bot.discord.invite import invite_url
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


@pytest.mark.parametrize(
    ("members", "installs", "warns"),
    [([100], 0, False), ([7000, 500], 400, False), ([7000, 500], 600, True), ([9000, 90_000], 0, True)],
)
async def test_before_discord_wants_a_review_there_is_a_warning(
    fake: FakeDiscord, members: list[int], installs: int, warns: bool
) -> None:
    fake.user_installs = installs
    for count in members:
        fake.add_guild("Crowd", unseen_members=count)
    findings = await check(fake.settings())
    warnings = [finding.text for finding in findings if finding.is_warning]
    assert len(warnings) == warns
    assert texts(findings, problems=True) == ""
    if warns:
        assert ("8,1" if sum(members) < 10_000 else "10,000 or more") in warnings[0]
        assert "docs/discord.md" in warnings[0]


async def test_an_approved_intent_needs_no_warning(fake: FakeDiscord) -> None:
    fake.message_content_approved = True
    fake.add_guild("Crowd", unseen_members=50_000)
    assert not any(finding.is_warning for finding in await check(fake.settings()))


async def test_of_thousands_of_servers_only_as_many_are_asked_about_as_needed(fake: FakeDiscord) -> None:
    for number in range(450):
        fake.add_guild(f"Crowd {number}", unseen_members=40)
    findings = await check(fake.settings())
    assert any("10,000 or more" in finding.text for finding in findings if finding.is_warning)
    assert sum(path.endswith("/users/@me/guilds") for _, path in fake.http.requests) == 2


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
    [finding] = await check(fake.settings(token=None))
    assert not finding.is_problem
    assert fake.http.requests == []


def test_the_invite_asks_for_little() -> None:
    url = URL(invite_url(25))
    assert url.query["client_id"] == "25"
    assert set(url.query["scope"].split()) == {"bot", "applications.commands"}
    view, send, attach, history, react = 1 << 10, 1 << 11, 1 << 15, 1 << 16, 1 << 6
    in_threads, make_threads, make_emoji = 1 << 38, 1 << 35, 1 << 43
    talking, asked_for = view | send | attach | history | react, int(url.query["permissions"])
    assert asked_for == talking | in_threads | make_threads | make_emoji
    assert "guild_id" not in url.query
