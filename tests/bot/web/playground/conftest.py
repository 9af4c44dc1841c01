"""The playground page in a real Chromium, against a real server; one browser, and a new profile for every test."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.bot.web.conftest import Site
from tests.browser import running_browser

PATIENCE_MS = 60_000

expect.set_options(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    async with opened(browser, site) as page:
        yield page


@asynccontextmanager
async def opened(browser: Browser, site: Site, *, width: int = 1100, scheme: str = "light") -> AsyncIterator[Page]:
    """The page in a fresh profile; whatever it complains about on the console fails the test."""
    context = await browser.new_context(
        viewport={"width": width, "height": 740},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(site.url)
    yield page
    await context.close()
    unexpected = [complaint for complaint in complaints if "Failed to load resource" not in complaint]
    assert unexpected == []


async def asked(site: Site, count: int = 1) -> str:
    """The id of the newest request, once there are `count`."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while len(site.faces.requests) < count:
            await asyncio.sleep(0.01)
    return site.faces.last_id


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Command").fill(text)
    await page.keyboard.press("Enter")


async def hand_over(page: Page, event: str, content: bytes, name: str = "kappa.png", kind: str = "image/png") -> None:
    """A drop or paste of a file, as the browser reports it."""
    await page.evaluate(
        """([event, content, name, type]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, { type }));
            const options = { bubbles: true, cancelable: true };
            document.body.dispatchEvent(event === "paste"
                ? new ClipboardEvent(event, { ...options, clipboardData: data })
                : new DragEvent(event, { ...options, dataTransfer: data }));
        }""",
        [event, base64.b64encode(content).decode(), name, kind],
    )
