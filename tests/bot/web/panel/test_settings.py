"""Settings in the browser: the same model, checks and record as in Discord."""

from __future__ import annotations

import re

import pytest

from bot.policy.pages import PAGES, Page
from bot.policy.settings import SETTINGS
from bot.store.audit import Audit
from bot.texts import say
from tests.bot.web.panel.site import GUILD, OTHER, Browser, PanelSite, browser_on

LIMITS = f"/panel/{GUILD}/settings/limits"


@pytest.fixture
async def admin(site: PanelSite, browser: Browser) -> str:
    """Logged in, manages the first server; the id."""
    user_id = site.admin("Ada", GUILD)
    await browser.log_in()
    return user_id


def value_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


@pytest.mark.parametrize("page", list(Page))
async def test_every_page_shows_its_settings(site: PanelSite, browser: Browser, admin: str, page: Page) -> None:
    text = await browser.open(f"/panel/{GUILD}/settings/{page}")
    assert browser.status == 200
    for name in PAGES[page].names:
        if site.directory and "discord" in SETTINGS[name].platforms:
            assert say(SETTINGS[name].title).replace("'", "&#39;") in text, name


async def test_what_is_saved_counts_at_once_and_is_written_down(site: PanelSite, browser: Browser, admin: str) -> None:
    page = await browser.open(LIMITS)
    assert value_of(page, "cooldown_s") == f"{(await site.policy.effective(GUILD)).cooldown_s:g}"
    page = await browser.send(LIMITS, **await _filled(page, cooldown_s="33"))
    assert (browser.status, "Saved." in page) == (200, True)
    assert (await site.policy.effective(GUILD)).cooldown_s == 33
    [entry] = await Audit(site.engine).recent(GUILD, 10)
    assert (entry.user_id, entry.action, entry.detail) == (admin, "setting_set", {"setting": "cooldown_s", "value": 33})
    assert "set Cooldown: 33" in await browser.open(f"/panel/{GUILD}/changes")


async def test_a_value_can_be_taken_back(site: PanelSite, browser: Browser, admin: str) -> None:
    await site.policy.set(GUILD, None, "cooldown_s", 33, admin)
    await browser.open(LIMITS)
    await browser.send(LIMITS, reset="cooldown_s")
    assert (await site.policy.effective(GUILD)).cooldown_s != 33


async def test_a_channel_has_values_of_its_own(site: PanelSite, browser: Browser, admin: str) -> None:
    page = await browser.open(f"{LIMITS}?channel=7")
    assert "It is the same in all channels." in page
    page = await browser.send(LIMITS, **await _filled(page, cooldown_s="44"), channel="7")
    assert (await site.policy.effective(GUILD, "7")).cooldown_s == 44
    assert (await site.policy.effective(GUILD)).cooldown_s != 44
    assert "set for this channel" in page


@pytest.mark.parametrize("channel", ["99", "8;9", "<b>"])
async def test_channels_of_others_are_not_ours(site: PanelSite, browser: Browser, admin: str, channel: str) -> None:
    await browser.open(LIMITS)
    await browser.send(LIMITS, channel=channel, cooldown_s="44")
    assert browser.status == 404
    assert await site.policy.stored(GUILD) == []


@pytest.mark.parametrize("wrong", ["-1", "many", "1e9", "nan", "<script>alert(1)</script>", "9" * 5000])
async def test_what_cannot_be_is_shown_again_with_what_can(
    site: PanelSite, browser: Browser, admin: str, wrong: str
) -> None:
    page = await browser.open(LIMITS)
    page = await browser.send(LIMITS, **await _filled(page, cooldown_s=wrong, outstanding_per_user="3"))
    assert browser.status == 422
    assert "a number from 0 to 3600" in page
    assert 'aria-invalid="true"' in page
    assert "<script>alert" not in page
    here = await site.policy.effective(GUILD)
    assert here.outstanding_per_user == 3, "what could be saved, was"
    assert await Audit(site.engine).recent(GUILD, 1)


async def test_ticks_lists_and_choices_are_read(site: PanelSite, browser: Browser, admin: str) -> None:
    asking = f"/panel/{GUILD}/settings/asking"
    await browser.open(asking)
    await browser.send(asking, ask_role_ids="55", prefix="?", reaction_emoji="none")
    here = await site.policy.effective(GUILD)
    assert (here.enabled, here.ask_role_ids, here.prefix, here.reaction_emoji) == (False, ("55",), "?", None)
    emotes = f"/panel/{GUILD}/settings/emotes"
    await browser.open(emotes)
    await browser.send(emotes, sources_off=["bttv", "ffz"], twitch_channel="Forsen")
    here = await site.policy.effective(GUILD)
    assert here.sources_off == ("bttv", "ffz")
    assert here.twitch_channel is not None
    assert here.twitch_channel.login == "forsen"


async def test_names_of_others_are_never_markup(site: PanelSite, browser: Browser, admin: str) -> None:
    site.directory.names[GUILD] = "<script>alert(1)</script>"
    page = await browser.open(LIMITS)
    assert "<script>alert" not in page
    assert "#art &lt;b&gt;" in page


async def test_only_what_one_manages_at_this_moment_opens(site: PanelSite, browser: Browser, admin: str) -> None:
    await browser.open(f"/panel/{OTHER}/settings/limits")
    assert browser.status == 404
    await browser.open("/panel/999/settings/limits")
    assert browser.status == 404
    page = await browser.open(LIMITS)
    site.directory.managers.clear()
    await browser.send(LIMITS, **await _filled(page, cooldown_s="33"))
    assert browser.status == 404
    assert await site.policy.stored(GUILD) == []


async def test_while_nobody_says_who_manages_nothing_opens(site: PanelSite, browser: Browser, admin: str) -> None:
    site.directory.is_down = True
    page = await browser.open(LIMITS)
    assert (browser.status, "does not say right now" in page) == (503, True)


async def test_the_terminal_and_operators_manage_everything(site: PanelSite, browser: Browser) -> None:
    await site.store.add_code("code", 0, 9e12)
    await browser.open("/login")
    await browser.send("/login/code", code="code")
    await browser.open(f"/panel/{OTHER}/settings/limits")
    assert browser.status == 200


async def test_a_form_of_another_login_changes_nothing(site: PanelSite, browser: Browser, admin: str) -> None:
    async with browser_on(site) as mallory:
        site.admin("Mallory", OTHER)
        await mallory.log_in()
        theirs = await mallory.open(f"/panel/{OTHER}/settings/limits")
    await browser.open(LIMITS)
    browser.page = theirs
    await browser.send(LIMITS, cooldown_s="33")
    assert browser.status == 403
    browser.page = ""
    await browser.send(LIMITS, cooldown_s="33")
    assert browser.status == 403
    assert await site.policy.stored(GUILD) == []


async def _filled(page: str, **changes: str) -> dict[str, str]:
    """The text fields of the page as they are, with these changes."""
    fields = dict(re.findall(r'<input type="text" id="(\w+)"[^>]* value="([^"]*)"', page))
    return fields | changes
