"""What the page keeps: over reloads, expiry, and a server that comes and goes."""

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page, expect

from tests.bot.web.conftest import Site
from tests.bot.web.playground.conftest import asked, opened, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACE_WITH_TEARS = "A face made from face with tears of joy, AI-generated"


async def test_the_last_faces_stay_below_until_they_expire(site: Site, page: Page) -> None:
    for count, emote in enumerate(["🍕", "🐸", "😂"], start=1):
        await say(page, f"!face {emote}")
        await site.faces.answer(await asked(site, count))
        await expect(page.get_by_role("article", name=emote).get_by_role("img")).to_be_visible()
    gallery = page.get_by_role("region", name="Last faces")
    await expect(gallery.get_by_role("button")).to_have_text(["!face 🐸", "!face 🍕"])

    await page.reload()
    await expect(gallery.get_by_role("button")).to_have_text(["!face 😂", "!face 🐸", "!face 🍕"])
    await gallery.get_by_role("button", name="!face 🐸").click()
    await expect(page.get_by_label("Command")).to_have_value("!face 🐸")

    site.faces.pictures.clear()
    await (await page.context.new_cdp_session(page)).send("Network.clearBrowserCache")
    await page.reload()
    await expect(gallery).to_be_hidden()
    await page.reload()
    await expect(gallery).to_be_hidden()


async def test_a_face_is_still_awaited_after_reloading_the_page(site: Site, page: Page) -> None:
    await say(page, "!face 😂")
    face_id = await asked(site)
    await expect(page.get_by_role("article")).to_contain_text("place 3")
    await page.reload()

    await expect(page.get_by_role("article", name="!face 😂")).to_contain_text("place 3")
    await site.faces.answer(face_id)
    await expect(page.get_by_role("article").get_by_role("img", name=FACE_WITH_TEARS)).to_be_visible()


async def test_a_request_the_server_forgot_is_said_so_and_dropped(site: Site, page: Page) -> None:
    await say(page, "!face 😂")
    await expect(page.get_by_role("article")).to_contain_text("place 3")
    site.faces.forget_all()
    await page.reload()

    await expect(page.get_by_role("article")).to_contain_text("doesn't remember this one")
    await page.reload()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_a_server_restart_is_survived_and_told(browser: Browser) -> None:
    site = Site()
    async with AsyncExitStack() as until_the_end:
        async with site.serving():
            page = await until_the_end.enter_async_context(opened(browser, site))
            await say(page, "!face 😂")
            face_id = await asked(site)
            await expect(page.get_by_role("article")).to_contain_text("place 3")

        await expect(page.get_by_role("article")).to_contain_text("The server is out of reach right now.")

        async with site.serving():
            await expect(page.get_by_role("article")).to_contain_text("place 3")
            await site.faces.answer(face_id)
            await expect(page.get_by_role("article").get_by_role("img")).to_be_visible()


async def test_asking_while_the_server_is_away_can_be_tried_again(browser: Browser) -> None:
    site = Site()
    async with AsyncExitStack() as until_the_end:
        async with site.serving():
            page = await until_the_end.enter_async_context(opened(browser, site))

        await say(page, "!face 😂")
        await expect(page.get_by_role("article")).to_contain_text("I can't reach the server.")

        async with site.serving():
            await page.get_by_role("button", name="Try again").click()
            await site.faces.answer(await asked(site))
            await expect(page.get_by_role("article").get_by_role("img")).to_be_visible()
