"""The gallery's pages in a real Chromium: nothing is wider than a phone, the keyboard is enough, reports arrive."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import Browser, Page, expect

from bot.models import Emote, EmoteSource, Platform
from inference.protocol import FaceResult
from tests.axe import grave_faults
from tests.bot.web.gallery.conftest import ORIGIN, Gallery, open_gallery
from tests.browser import running_browser
from tests.fakes.serving import JOY

PATIENCE_MS = 60_000
LOADED = "Promise.all([...document.images].map(image => { image.loading = 'eager'; return image.decode(); }))"
expect.set_options(timeout=PATIENCE_MS)
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_gallery(tmp_path) as gallery:
        yield gallery


def webp(colour: str) -> bytes:
    """An emote beside a face, as far as one can be told from the other."""
    image = Image.new("RGB", (256, 128), "gray")
    ImageDraw.Draw(image).ellipse((16, 16, 112, 112), colour)
    ImageDraw.Draw(image).ellipse((144, 16, 240, 112), "peachpuff")
    file = io.BytesIO()
    image.save(file, "WEBP")
    return file.getvalue()


async def filled(gallery: Gallery) -> str:
    """The slug of the last of some faces, the first of which people like."""
    kappa = Emote(EmoteSource.BTTV, "566ca04265dbbdab32ec054a", "KappaFaceWithARatherLongNameThatDoesNotWrap")
    for colour in ("gold", "tomato", "skyblue", "yellowgreen"):
        face = await gallery.drawn(JOY, kappa, target={"asker_name": "Ada Lovelace"})
        result = FaceResult("k", webp(colour), 256, 128, 1.0)
        await gallery.serving.pictures.save(face.request_id, result, face.at)
        if colour in {"gold", "tomato"}:
            await gallery.votes.toggle(face.request_id, Platform.DISCORD, "ada")
    return face.slug


async def opened(browser: Browser, url: str, *, width: int, dark: bool) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(url)
    return page


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1100])
async def test_nothing_is_wider_than_the_window_and_every_picture_loads(
    gallery: Gallery, browser: Browser, width: int, dark: bool
) -> None:
    slug = await filled(gallery)
    for path in (f"/f/{slug}", f"/g/{ORIGIN.scope_id}"):
        page = await opened(browser, gallery.site.url + path, width=width, dark=dark)
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        await page.evaluate(LOADED)
        assert await page.evaluate("[...document.images].every(image => image.alt.length > 10)")
        assert await grave_faults(page) == []
        await page.context.close()


async def test_a_face_is_reported_with_the_keyboard_alone(gallery: Gallery, browser: Browser) -> None:
    slug = await filled(gallery)
    page = await opened(browser, f"{gallery.site.url}/f/{slug}", width=1100, dark=False)
    await page.get_by_text("Report this face").focus()
    await page.keyboard.press("Enter")
    reason = page.get_by_label("What is wrong with it?")
    await expect(reason).to_be_visible()
    await reason.focus()
    await page.keyboard.press("ArrowDown")
    await page.get_by_role("button", name="Send").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Thank you")
    assert len(await gallery.reports.open(5)) == 1
    await page.context.close()
