"""Everybody can use the page: by keyboard, on a phone, in the dark, by name."""

import pytest
from playwright.async_api import Browser, Page, expect

from bot.errors import UnknownEmote
from tests.bot.web.conftest import Site
from tests.bot.web.playground.conftest import asked, opened, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_everything_can_be_reached_and_seen_with_the_keyboard_alone(page: Page, site: Site) -> None:
    await page.keyboard.press("Enter")
    await site.faces.answer(await asked(site))
    await expect(page.get_by_role("link", name="Download")).to_be_visible()
    controls = await page.locator("button, input, a").count()

    reached = set()
    for _ in range(controls + 2):
        await page.keyboard.press("Tab")
        name, ring = await page.evaluate(
            """() => {
                const focused = document.activeElement;
                if (focused === document.body) return ["", ""];
                const ringed = focused.matches("input[type=file]") ? focused.parentElement : focused;
                const label = focused.getAttribute("aria-label") || focused.labels?.[0]?.textContent;
                const name = label || focused.textContent;
                return [name.trim(), getComputedStyle(ringed).outlineStyle];
            }"""
        )
        assert ring == "solid" or name == "", name
        reached.add(name)

    assert {
        "Command",
        "Picture…",
        "Ask",
        "Ask for a frog",
        "x:5",
        "Again, other dice",
        "Download",
        "Copy link",
    } <= reached
    assert len(reached - {""}) >= controls

    await page.get_by_role("button", name="Again, other dice").focus()
    await page.keyboard.press("Enter")
    await asked(site, 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_both_colour_schemes_are_readable(browser: Browser, site: Site, scheme: str) -> None:
    async with opened(browser, site, scheme=scheme) as page:
        await say(page, "!face 😂")
        await expect(page.get_by_role("article")).to_contain_text("place 3")
        for selector in [
            "h1",
            ".ways",
            ".options",
            ".place",
            ".said",
            ".primary",
            "#line",
            "footer p",
            ".actions button",
        ]:
            assert await contrast(page, selector) >= 4.5, selector
        paper = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper.removeprefix("rgb(").removesuffix(")").split(","))) < 200) == (scheme == "dark")


async def contrast(page: Page, selector: str) -> float:
    """WCAG contrast of an element's text to the nearest background colour behind it."""
    ratio = await page.locator(selector).first.evaluate(
        """(element) => {
            const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
            const light = (colour) => rgb(colour).slice(0, 3)
                .map((part) => part / 255)
                .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
                .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
            let behind = element;
            while (rgb(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
            const [low, high] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
                .map(light).sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        }"""
    )
    return float(ratio)


async def test_a_phone_never_scrolls_sideways(browser: Browser, site: Site) -> None:
    async with opened(browser, site, width=360) as page:
        assert await fits(page)
        await say(page, "!face " + "W" * 300)
        await expect(page.get_by_role("article")).to_contain_text("place 3")
        assert await fits(page)
        await site.faces.answer(await asked(site))
        await expect(page.get_by_role("article").get_by_role("img")).to_be_visible()
        assert await fits(page)
        site.faces.refuse_with = UnknownEmote(("W" * 60, "V" * 60))
        await say(page, "!face W")
        await expect(page.get_by_role("article")).to_contain_text("I don't know that emote.")
        await expect(page.get_by_role("region", name="Last faces")).to_be_visible()
        assert await fits(page)
        sizes = await page.locator(".line .button, .line button, .actions button").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 44


async def test_the_page_has_a_language_a_heading_and_a_name_for_every_control(page: Page) -> None:
    nameless = await page.locator("button, input, a, img").evaluate_all(
        """all => all.filter((one) =>
            !(one.getAttribute("aria-label") || one.labels?.length || one.textContent.trim() || one.alt)
        ).map((one) => one.outerHTML)"""
    )

    assert nameless == []
    await expect(page.get_by_role("heading", level=1)).to_have_text("emoteface")
    assert await page.evaluate("document.documentElement.lang") == "en"
