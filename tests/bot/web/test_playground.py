"""The playground page in a real Chromium, against a real server."""

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.errors import Busy, UnknownEmote
from tests.bot.web.conftest import MAX_UPLOAD_BYTES, Site
from tests.bot.web.fake_faces import png

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
PATIENCE_MS = 20_000
FACE_WITH_TEARS = "A face made from face with tears of joy, AI-generated"

expect.set_options(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        reason = "no chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI") or os.environ.get("EMOTEFACE_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = [*ARGUMENTS, "--disable-sync", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=60_000)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.serving():
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    async with opened(browser, site) as page:
        yield page


@asynccontextmanager
async def opened(
    browser: Browser, site: Site, *, width: int = 1100, scheme: str = "light"
) -> AsyncIterator[Page]:
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


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def test_one_press_of_enter_turns_the_example_into_a_face(site: Site, page: Page) -> None:
    await expect(page.get_by_label("Command")).to_have_value("!face 😂")
    await expect(page.get_by_label("Command")).to_be_focused()

    await page.keyboard.press("Enter")
    face_id = await asked(site)
    await site.faces.answer(face_id)

    face = page.get_by_role("article", name="!face 😂").get_by_role("img", name=FACE_WITH_TEARS)
    await expect(face).to_be_visible()
    await expect(face).to_have_attribute("src", f"/pictures/{face_id}.webp")
    assert await face.evaluate("image => image.naturalWidth") == 256
    await expect(page.get_by_role("status")).to_have_text(FACE_WITH_TEARS)
    await expect(page.get_by_label("Command")).to_have_value("!face ")
    assert site.faces.asked[0].words == ("😂",)


async def test_the_place_in_the_queue_is_shown_and_moves(site: Site, page: Page) -> None:
    await say(page, "!face 😂 x:3")
    card = page.get_by_role("article", name="!face 😂 x:3")

    await expect(card).to_contain_text("place 3, about 4 seconds")
    await site.faces.move(await asked(site), position=1, eta_s=1)

    await expect(card).to_contain_text("place 1, about a second")
    await expect(card.locator(".frame")).to_have_attribute("data-position", "1")
    await expect(page.get_by_role("status")).to_contain_text("place 1")


async def test_several_faces_can_be_awaited_at_once(site: Site, page: Page) -> None:
    await say(page, "!face 😂")
    first = await asked(site)
    await say(page, "!face 🍕")
    second = await asked(site, 2)

    await site.faces.answer(second)
    await expect(page.get_by_role("article", name="!face 🍕").get_by_role("img")).to_be_visible()
    await expect(page.get_by_role("article", name="!face 😂")).to_contain_text("place 3")
    await site.faces.answer(first)
    await expect(page.get_by_role("article", name="!face 😂").get_by_role("img")).to_be_visible()


@pytest.mark.parametrize("event", ["drop", "paste"])
async def test_a_picture_can_be_dropped_and_pasted(site: Site, page: Page, event: str) -> None:
    await page.get_by_label("Command").fill("!face 😂 x:5")
    await hand_over(page, event, png())

    await site.faces.answer(await asked(site))

    await expect(page.get_by_role("article", name="!face x:5 [kappa.png]").get_by_role("img")).to_be_visible()
    assert site.uploads.contents == [png()]
    assert (site.faces.asked[0].words, site.faces.asked[0].options.iterations) == ((), 5)


async def test_a_picture_can_be_chosen(site: Site, page: Page) -> None:
    await page.get_by_label("Picture…").set_input_files(
        {"name": "kappa.png", "mimeType": "image/png", "buffer": png("gold")}
    )
    await asked(site)

    assert site.uploads.contents == [png("gold")]


async def test_dropping_something_else_is_answered_kindly_and_not_sent(site: Site, page: Page) -> None:
    await hand_over(page, "drop", b"hello", name="notes.txt", kind="text/plain")

    await expect(page.get_by_role("article")).to_contain_text("That is not a picture.")
    assert site.faces.requests == {}


async def test_a_picture_over_the_limit_is_refused_in_words(site: Site, page: Page) -> None:
    await hand_over(page, "drop", bytes(3 * MAX_UPLOAD_BYTES))

    await expect(page.get_by_role("article")).to_contain_text("That picture is too large for me")
    assert site.uploads.contents == []


async def test_a_refusal_is_shown_in_the_servers_words_and_can_be_corrected(site: Site, page: Page) -> None:
    site.faces.refuse_with = UnknownEmote(("joy", "rofl"))
    await say(page, "!face jyo")

    card = page.get_by_role("article", name="!face jyo")
    await expect(card).to_contain_text("I don't know that emote. Did you mean joy, rofl?")
    await expect(card.locator("code")).to_have_text(["joy", "rofl"])
    await expect(page.get_by_role("status")).to_contain_text("I don't know that emote.")

    await card.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Command")).to_have_value("!face jyo")
    await expect(page.get_by_label("Command")).to_be_focused()


async def test_a_refusal_after_waiting_is_shown_in_place(site: Site, page: Page) -> None:
    await say(page, "!face 😂")
    await site.faces.refuse(await asked(site), "That one broke my face machine.")

    await expect(page.get_by_role("article")).to_contain_text("That one broke my face machine.")
    await expect(page.get_by_role("article")).not_to_contain_text("place")


async def test_a_busy_server_says_when_to_come_back(site: Site, page: Page) -> None:
    site.faces.refuse_with = Busy(retry_after_s=7)
    await say(page, "!face 😂")

    await expect(page.get_by_role("article")).to_contain_text("try again in 7 seconds")


async def test_what_is_typed_and_what_is_answered_never_becomes_markup(site: Site, page: Page) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await say(page, f"!face {evil}")
    await site.faces.refuse(await asked(site), f"Sorry {evil} `{evil}`")

    await expect(page.get_by_role("article")).to_contain_text(f"Sorry {evil} {evil}")
    assert await page.locator("article img").count() == 0

    await say(page, f"!face {evil} again")
    await site.faces.answer(await asked(site, 2))
    await expect(page.get_by_role("article").get_by_role("img")).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("button", name=f"!face {evil} again")).to_be_visible()


async def test_a_face_can_be_cancelled_while_it_waits(site: Site, page: Page) -> None:
    await say(page, "!face 😂")
    await asked(site)

    await page.get_by_role("button", name="Cancel").click()

    await expect(page.get_by_role("article")).to_have_count(0)
    await expect(page.get_by_role("status")).to_have_text("Cancelled.")
    await page.reload()
    await expect(page.get_by_role("article")).to_have_count(0)


async def test_a_face_can_be_rolled_again_saved_and_linked_to(site: Site, page: Page) -> None:
    await say(page, "!face 😂 seed:7")
    face_id = await asked(site)
    await site.faces.answer(face_id)

    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "emoteface.webp"

    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == f"{site.url}/pictures/{face_id}.webp"

    await page.get_by_role("button", name="Again, other dice").click()
    await asked(site, 2)
    first, second = (command.options.seed for command in site.faces.asked)
    assert (first, second is None) == (7, False)
    assert second != first


async def test_a_picture_can_be_rolled_again_without_sending_it_by_hand(site: Site, page: Page) -> None:
    await hand_over(page, "drop", png())
    await site.faces.answer(await asked(site))

    await page.get_by_role("button", name="Again, other dice").click()
    await asked(site, 2)

    assert site.uploads.contents == [png(), png()]


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
    async with site.serving():
        page_open = opened(browser, site)
        page = await page_open.__aenter__()
        await say(page, "!face 😂")
        face_id = await asked(site)
        await expect(page.get_by_role("article")).to_contain_text("place 3")

    await expect(page.get_by_role("article")).to_contain_text("The server is out of reach right now.")

    async with site.serving():
        await expect(page.get_by_role("article")).to_contain_text("place 3")
        await site.faces.answer(face_id)
        await expect(page.get_by_role("article").get_by_role("img")).to_be_visible()
        await page_open.__aexit__(None, None, None)


async def test_asking_while_the_server_is_away_can_be_tried_again(browser: Browser) -> None:
    site = Site()
    async with site.serving():
        page_open = opened(browser, site)
        page = await page_open.__aenter__()

    await say(page, "!face 😂")
    await expect(page.get_by_role("article")).to_contain_text("I can't reach the server.")

    async with site.serving():
        await page.get_by_role("button", name="Try again").click()
        await site.faces.answer(await asked(site))
        await expect(page.get_by_role("article").get_by_role("img")).to_be_visible()
        await page_open.__aexit__(None, None, None)


async def test_earlier_commands_come_back_with_the_arrow_keys(page: Page, site: Site) -> None:
    await say(page, "!face 🍕")
    await say(page, "!face 🐸 x:2")
    line = page.get_by_label("Command")

    seen = []
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"]:
        await line.press(key)
        seen.append(await line.input_value())

    assert seen == ["!face 🐸 x:2", "!face 🍕", "!face 🍕", "!face 🐸 x:2", "!face "]


async def test_examples_ask_and_options_fill_the_line(page: Page, site: Site) -> None:
    await page.get_by_role("button", name="realism:0.6").click()
    await page.get_by_role("button", name="x:5").click()
    await page.get_by_role("button", name="x:5").click()
    await expect(page.get_by_label("Command")).to_have_value("!face 😂 realism:0.6 x:5")

    await page.get_by_role("button", name="Ask for a frog").click()

    await asked(site)
    assert site.faces.asked[0].words == ("🐸",)
    assert site.faces.asked[0].options.realism == 0.6


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
                const name = focused.getAttribute("aria-label") || focused.labels?.[0]?.textContent || focused.textContent;
                return [name.trim(), getComputedStyle(ringed).outlineStyle];
            }"""
        )
        assert ring == "solid" or name == "", name
        reached.add(name)

    assert {"Command", "Picture…", "Ask", "Ask for a frog", "x:5", "Again, other dice", "Download", "Copy link"} <= reached
    assert len(reached - {""}) >= controls

    await page.get_by_role("button", name="Again, other dice").focus()
    await page.keyboard.press("Enter")
    await asked(site, 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_both_colour_schemes_are_readable(browser: Browser, site: Site, scheme: str) -> None:
    async with opened(browser, site, scheme=scheme) as page:
        await say(page, "!face 😂")
        await expect(page.get_by_role("article")).to_contain_text("place 3")
        for selector in ["h1", ".ways", ".options", ".place", ".said", ".primary", "#line", "footer p", ".actions button"]:
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
