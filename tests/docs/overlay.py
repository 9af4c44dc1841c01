"""The picture in docs/overlay.md: a face on its way, and every look. `make pictures` takes it anew (needs chromium).

PYTHONPATH=. python -m tests.docs.overlay docs/overlay.webp
"""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page

from bot.web.app import STATIC
from inference.encoding import XMP
from tests.bot.web.overlay.screens import Screen, open_screen, opened_round, staged
from tests.browser import running_browser
from tests.polling import until

WIDTH_PX, HEIGHT_PX = 640, 360
STREAM = "linear-gradient(160deg, #1d2b53, #29597a 45%, #4d7c4f 46%, #2e4d35)"
FACE = STATIC / "overlay" / "test.webp"


async def photographed() -> Image.Image:
    """Six stills, in two rows."""
    async with running_browser() as browser:
        steps = await _steps(browser)
        looks = [await _look(browser, theme, place) for theme, place in (("card", "top-left"), ("neon", "top-right"))]
        stills = [*steps, *looks, await _round(browser)]
    sheet = Image.new("RGB", (WIDTH_PX * 3 + 16, HEIGHT_PX * 2 + 8), "white")
    for at, still in enumerate(stills):
        sheet.paste(still, (at % 3 * (WIDTH_PX + 8), at // 3 * (HEIGHT_PX + 8)))
    return sheet


async def _steps(browser: Browser) -> list[Image.Image]:
    async with open_screen() as screen, screen.site.serving():
        page = await _opened(browser, screen)
        await screen.show(staged(asker_name="Ada"), FACE.read_bytes())
        await page.locator("canvas[width='256']").wait_for()
        await page.wait_for_timeout(500)
        emote = await _still(page)
        await page.locator("canvas[width='16']").wait_for()
        pixels = await _still(page)
        return [emote, pixels, await _finished(page)]


async def _look(browser: Browser, theme: str, place: str) -> Image.Image:
    async with open_screen() as screen, screen.site.serving():
        await screen.set("overlay_theme", theme)
        await screen.set("overlay_position", place)
        page = await _opened(browser, screen)
        await screen.show(staged(asker_name="Ada"), FACE.read_bytes())
        return await _finished(page)


async def _round(browser: Browser) -> Image.Image:
    async with open_screen() as screen, screen.site.serving():
        await screen.set("overlay_theme", "pixel")
        page = await _opened(browser, screen)
        round_ = opened_round()
        screen.play(round_)
        screen.files[str(round_.request_id)] = FACE.read_bytes()
        await page.locator("canvas[width='256']").wait_for()
        await page.wait_for_timeout(1500)
        return await _still(page)


async def _opened(browser: Browser, screen: Screen) -> Page:
    await screen.set("overlay_size_percent", 55)
    page = await browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
    await page.goto(screen.url)
    await page.evaluate("(stream) => { document.documentElement.style.background = stream; }", STREAM)
    await until(lambda: screen.overlays.watched(screen.scope_id) > 0)
    return page


async def _finished(page: Page) -> Image.Image:
    await page.locator(".frame > img.seen").wait_for()
    await page.wait_for_timeout(600)
    return await _still(page)


async def _still(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(await page.screenshot())).convert("RGB")


if __name__ == "__main__":
    asyncio.run(photographed()).save(Path(sys.argv[1]), quality=85, xmp=XMP)
