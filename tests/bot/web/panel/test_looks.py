"""The panel in a real Chromium: for everybody, on every width, in light and dark."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.health import HealthPart
from bot.models import Platform
from bot.store.reports import Reason, Report
from tests.axe import grave_faults
from tests.bot.web.panel.site import GUILD, PanelSite, panel_site
from tests.browser import running_browser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

PATIENCE_MS = 60_000
PLACE = f"/panel/{GUILD}"
PAGES = ["/panel", "/panel/health", "/panel/reports", f"{PLACE}/faces", f"{PLACE}/statistics", f"{PLACE}/changes"]
OTHERS = ["/", "/privacy", "/terms"]
SETTINGS = [f"{PLACE}/settings/{page}" for page in ("asking", "limits", "emotes", "overlay")]


expect.set_options(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path) -> AsyncIterator[PanelSite]:
    async with panel_site(tmp_path) as site:
        await site.store.add_code("code", 0, 9e12)
        yield site


@asynccontextmanager
async def opened(browser: Browser, **details: Any) -> AsyncIterator[Page]:
    """A fresh profile; whatever a page complains about on the console fails the test."""
    width = details.pop("width", 1100)
    context = await browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce", **details)
    context.set_default_timeout(PATIENCE_MS)
    page, complaints = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    assert [each for each in complaints if "Failed to load resource" not in each] == []


async def with_code(page: Page, site: PanelSite) -> None:
    """As the link of the command line does."""
    await page.goto(f"{site.url}/login#code")
    await expect(page).to_have_url(f"{site.url}/panel")


async def filled(site: PanelSite) -> None:
    """Something to see on every page."""
    await site.face()
    await site.face(approve_first=True)
    face = await site.face()
    await site.desk.reports.add(Report("0" * 26, face.id, Platform.DISCORD, GUILD, "7", "9", Reason.PERSON, 0))


async def test_the_link_of_the_command_line_logs_in_and_leaves_no_code_behind(
    browser: Browser, site: PanelSite
) -> None:
    async with opened(browser) as page:
        await with_code(page, site)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Panel")
        await page.go_back()
        assert "code" not in page.url.partition("/login")[2]


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (1100, "dark"), (360, "light"), (360, "dark")])
async def test_no_page_has_a_serious_fault_or_scrolls_sideways(
    browser: Browser, site: PanelSite, width: int, scheme: str
) -> None:
    await filled(site)
    async with opened(browser, width=width, color_scheme=scheme) as page:
        await page.goto(f"{site.url}/login")
        await look(page, f"login-{width}-{scheme}")
        await with_code(page, site)
        overlay = f"/overlay/{await site.overlays.secret_of(GUILD)}"
        for path in (*PAGES, *SETTINGS, *OTHERS, overlay):
            await page.goto(site.url + path)
            name = "screen" if path == overlay else path.strip("/").rpartition("/")[2] or "playground"
            await look(page, f"{name}-{width}-{scheme}")


async def look(page: Page, name: str) -> None:
    """Find nothing wrong; keep a picture where somebody wants to see it."""
    if folder := os.environ.get("PANEL_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    assert await grave_faults(page) == [], name
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


async def test_everything_is_done_with_the_keyboard(browser: Browser, site: PanelSite) -> None:
    async with opened(browser) as page:
        await with_code(page, site)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Testers Discord")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{site.url}{PLACE}/settings/asking")
        await page.get_by_role("switch", name="Faces").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Save").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Saved.")
        assert not (await site.policy.effective(GUILD)).enabled


async def test_enter_in_a_field_saves_and_takes_nothing_back(browser: Browser, site: PanelSite) -> None:
    await site.policy.set(GUILD, None, "outstanding_per_user", 3, "test")
    async with opened(browser) as page:
        await with_code(page, site)
        await page.goto(f"{site.url}{PLACE}/settings/limits")
        await page.get_by_label("Cooldown").fill("12")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Saved.")
        here = await site.policy.effective(GUILD)
        assert (here.cooldown_s, here.outstanding_per_user) == (12, 3)


async def test_the_overlays_address_is_shown_and_copied_when_it_is_asked_for(browser: Browser, site: PanelSite) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    async with opened(browser, permissions=permissions) as page:
        await with_code(page, site)
        await page.goto(f"{site.url}{PLACE}/overlay")
        field = page.get_by_role("textbox", name="Address for OBS")
        await expect(field).to_have_value("")
        address = f"{site.url}/overlay/{await site.overlays.secret_of(GUILD)}"
        await page.get_by_role("button", name="Show the address").click()
        await expect(field).to_have_value(address)
        await page.get_by_role("button", name="Show the address").click()
        await expect(field).to_have_value("")
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_text("Copied.")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == address


async def test_trouble_is_seen_on_the_page_of_health(browser: Browser, site: PanelSite) -> None:
    async def ill() -> HealthPart:
        return HealthPart("store", ok=False, detail={"error": "no answer within 2 s"})

    site.health.add("store", ill)
    async with opened(browser) as page:
        await with_code(page, site)
        await page.goto(f"{site.url}/panel/health")
        await expect(page.get_by_role("row", name="store in trouble")).to_contain_text("no answer within 2 s")
