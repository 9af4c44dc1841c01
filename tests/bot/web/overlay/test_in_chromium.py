"""The overlay in a real Chromium, as OBS shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import test_utils, web
from playwright.async_api import Browser, FloatRect, Page, Route, expect
from yarl import URL

from bot.guessing.round import RoundState
from bot.web.overlay import pages
from inference.protocol import Layout
from tests.bot.web.overlay.deaf_proxy import passing_on
from tests.bot.web.overlay.screens import (
    AVATAR,
    JOY,
    KAPPA,
    SCOPE,
    Screen,
    open_screen,
    opened_round,
    serving_screen,
    single,
    staged,
)
from tests.browser import running_browser
from tests.polling import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENCE_MS = 60_000
LATER_S = 3600.0  # so that a slow machine does not make a face too old
expect.set_options(timeout=PATIENCE_MS)

NOTE_WHAT_IS_SHOWN = """
window.names = [];
window.faces = [];
let last = null;
new MutationObserver(() => {
    const words = document.querySelector(".words");
    if (words && window.names.at(-1) !== words.textContent) window.names.push(words.textContent);
    const face = document.querySelector(".frame > img.seen");
    if (face && face !== last) window.faces.push(face.alt);
    last = face ?? last;
}).observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["class"] });
"""
LOCAL = Path(pages.__file__).parent / "overlay.html"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def screen() -> AsyncIterator[Screen]:
    async with serving_screen() as screen:
        await screen.set("overlay_duration_s", 2)
        yield screen


@asynccontextmanager
async def opened(
    browser: Browser, url: str, *, clock: bool = False, complains: str | None = None
) -> AsyncIterator[Page]:
    """A page in a fresh profile; what it complains about fails the test. With a `clock` the test can let time pass;
    `complains` is in complaints that are meant."""
    context = await browser.new_context(viewport={"width": 960, "height": 540})
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.add_init_script(NOTE_WHAT_IS_SHOWN)
    if clock:
        await page.clock.install()
    await page.goto(url)
    yield page
    await context.close()
    expected = ["Failed to load resource", "ERR_", *([complains] if complains else [])]
    assert [each for each in complaints if not any(words in each for words in expected)] == []


async def listens(screen: Screen, count: int = 1) -> None:
    """Until so many pages hear what happens."""
    await until(lambda: screen.overlays.watched(screen.scope_id) >= count)


async def shown_name(page: Page, name: str) -> None:
    """Until something with these words has been on the screen since the page was loaded."""
    await page.wait_for_function("(name) => window.names?.includes(name)", arg=name)


async def shown_face(page: Page, count: int = 1) -> str:
    """Until so many whole faces have been on the screen since the page was loaded, however short; what the last one
    says to who cannot see it."""
    await page.wait_for_function("(count) => window.faces?.length >= count", arg=count)
    words: str = await page.evaluate("window.faces.at(-1)")
    return words


# -- faces ----------------------------------------------------------------------------------------------------------


async def test_a_new_face_comes_out_of_its_emote_and_leaves(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await screen.show(staged(asker_name="Ada"))
        await shown_name(page, "Ada")
        assert await shown_face(page) == "A face made from face with tears of joy, AI-generated"
        await expect(page.locator(".act")).to_have_count(0)


async def test_the_page_is_transparent(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        picture = await page.screenshot(omit_background=True)
        corner = await page.evaluate(
            """async (bytes) => {
                const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
                const context = new OffscreenCanvas(1, 1).getContext("2d");
                context.drawImage(bitmap, 0, 0);
                return [...context.getImageData(0, 0, 1, 1).data];
            }""",
            list(picture),
        )
        assert corner[3] == 0


async def test_the_pixels_begin_as_the_emote_and_end_as_the_face(browser: Browser, screen: Screen) -> None:
    """Every canvas the page has drawn is looked at by a hook in the page, not by chance from outside."""
    async with opened(browser, screen.url) as page:
        await page.evaluate(
            """() => {
                window.drawn = [];
                const draw = CanvasRenderingContext2D.prototype.drawImage;
                CanvasRenderingContext2D.prototype.drawImage = function (...given) {
                    draw.apply(this, given);
                    const side = this.canvas.width;
                    window.drawn.push([side, ...this.getImageData(side / 2, side / 2, 1, 1).data]);
                };
            }"""
        )
        await listens(screen)
        await screen.show(staged())
        await shown_face(page)
        drawn = await page.evaluate("window.drawn")
    sides = [side for side, *_ in drawn]
    assert sides[:4] == [256, 64, 32, 16]
    assert sides[-4:] == [32, 64, 128, 256]
    assert _near(drawn[0][1:4], (250, 200, 40))
    assert _near(drawn[-1][1:4], (200, 120, 90))
    assert all(alpha > 240 for *_, alpha in drawn), "the pixels go over into each other without a hole"


@pytest.mark.parametrize("layout", [Layout.FACE, Layout.GRID])
async def test_emotes_that_are_not_in_the_picture_are_fetched(browser: Browser, screen: Screen, layout: Layout) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await screen.show(staged(AVATAR, JOY, layout=layout), single())
        await shown_face(page)
    assert {*screen.fetcher.fetched} == {AVATAR, JOY}


async def test_emotes_of_catalogues_come_from_their_own_site(browser: Browser) -> None:
    async def picture(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(body=single(), content_type="image/webp")

    asked: list[web.Request] = []
    site = web.Application()
    site.router.add_get("/{path:.*}", picture)
    async with (
        test_utils.TestServer(site) as cdn,
        serving_screen(cdn_url=str(cdn.make_url("/")).rstrip("/")) as screen,
        opened(browser, screen.url) as page,
    ):
        await listens(screen)
        await screen.show(staged(KAPPA, layout=Layout.FACE), single())
        await page.locator(".frame canvas[width='256']").wait_for()
        await shown_face(page)
    assert [request.path for request in asked] == ["/emoticons/v2/25/static/dark/3.0"]
    assert "Referer" not in asked[0].headers
    assert screen.fetcher.fetched == []


async def test_a_face_comes_also_where_its_emote_is_gone(browser: Browser, screen: Screen) -> None:
    screen.fetcher.fails.add(AVATAR)
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await screen.show(staged(AVATAR, layout=Layout.FACE), single())
        await shown_face(page)


async def test_a_face_without_a_picture_keeps_nobody_waiting(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await screen.show(staged(asker_name="Nobody"), b"no picture")
        await screen.show(staged(asker_name="Ada"))
        await shown_name(page, "Ada")


async def test_hostile_names_are_only_text(browser: Browser, screen: Screen) -> None:
    await screen.set("overlay_duration_s", 30)
    name = "<img src=x onerror=alert(1)>\u202e\u2066" + "w" * 80
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await screen.show(staged(asker_name=name))
        await expect(page.locator(".words bdi")).to_have_text(name)
        await expect(page.locator(".words img")).to_have_count(0)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 960


# -- several --------------------------------------------------------------------------------------------------------


async def test_faces_come_one_after_the_other(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        for name in ("Ada", "Bob", "Cyd"):
            await screen.show(staged(asker_name=name))
        await shown_name(page, "Cyd")
        assert await page.evaluate("window.names") == ["Ada", "Bob", "Cyd"]


async def test_of_too_many_the_oldest_are_left_out(browser: Browser, screen: Screen) -> None:
    """The queue is asked for itself: a browser that plays forty faces would take minutes."""
    async with opened(browser, screen.url) as page:
        played = await page.evaluate(
            """async () => {
                const { Acts } = await import("/static/overlay/acts.js");
                const played = [];
                let open;
                const held = new Promise((resolve) => (open = resolve));
                const acts = new Acts(document.createElement("div"));
                const act = (id) => ({ tell() {}, run: async () => { played.push(id); if (id === 0) await held; } });
                for (let id = 0; id < 40; id += 1) acts.add(id, () => act(id));
                acts.add(39, () => act(39));
                acts.add("round", () => act("round"), { urgent: true });
                acts.add(40, () => act(40));
                acts.drop(38);
                open();
                while (acts.waiting) await new Promise((resolve) => setTimeout(resolve));
                return played;
            }"""
        )
    assert played == [0, "round", *range(30, 38), 39, 40]


# -- moderation, settings, tests ------------------------------------------------------------------------------------


async def test_a_hidden_face_vanishes_at_once_and_one_that_waits_never_comes(browser: Browser, screen: Screen) -> None:
    await screen.set("overlay_duration_s", 30)
    async with opened(browser, screen.url) as page:
        await listens(screen)
        shown = await screen.show(staged(asker_name="Ada"))
        waiting = await screen.show(staged(asker_name="Bob"))
        await shown_name(page, "Ada")
        await screen.hide(waiting)
        await screen.hide(shown)
        await expect(page.locator(".act")).to_have_count(0)
        await screen.show(staged(asker_name="Cyd"))
        await shown_name(page, "Cyd")
        assert await page.evaluate("window.names") == ["Ada", "Cyd"]


async def settled(page: Page, right: Callable[[FloatRect], bool]) -> None:
    """Faces come in with a movement."""
    async with asyncio.timeout(30):
        while (box := await page.locator(".act").bounding_box()) is None or not right(box):
            await asyncio.sleep(0.02)


async def test_a_change_of_look_is_seen_at_once(browser: Browser, screen: Screen) -> None:
    await screen.set("overlay_duration_s", 30)
    async with opened(browser, screen.url) as page:
        await expect(page.locator("html")).to_have_attribute("data-theme", "plain")
        await screen.set("overlay_theme", "neon")
        await screen.set("overlay_position", "top-left")
        await screen.set("overlay_size_percent", 100)
        await expect(page.locator("html")).to_have_attribute("data-theme", "neon")
        await expect(page.locator("#screen")).to_have_attribute("data-position", "top-left")
        await screen.show(staged())
        await settled(page, lambda box: box["x"] < 100)


@pytest.mark.parametrize("theme", ["plain", "card", "pixel", "neon"])
async def test_also_the_largest_face_is_within_the_screen(browser: Browser, screen: Screen, theme: str) -> None:
    await screen.set("overlay_theme", theme)
    await screen.set("overlay_size_percent", 100)
    await screen.set("overlay_duration_s", 30)
    async with opened(browser, screen.url) as page:
        await screen.show(staged())
        await shown_face(page)
        await settled(page, lambda box: box["y"] >= 0 and box["y"] + box["height"] <= 540)


async def test_a_test_is_seen(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        assert screen.overlays.test(SCOPE) == 1
        await shown_name(page, "A test")


async def test_a_sound_is_made_of_nothing_and_only_where_it_is_wanted(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await page.evaluate(
            """() => {
                window.tones = [];
                const start = OscillatorNode.prototype.start;
                OscillatorNode.prototype.start = function (when) { window.tones.push(when); start.call(this, when); };
            }"""
        )
        await page.mouse.click(5, 5)  # an ordinary browser wants a click before it makes a sound
        await listens(screen)
        await screen.show(staged(asker_name="quiet"))
        await shown_face(page)
        assert await page.evaluate("window.tones") == []
        await screen.set("overlay_sound", True)
        await screen.show(staged(asker_name="loud"))
        await shown_name(page, "loud")
        await shown_face(page, 2)
        assert await page.evaluate("window.tones.length") >= 3


# -- rounds ---------------------------------------------------------------------------------------------------------


async def test_a_round_is_played_on_the_screen(browser: Browser, screen: Screen) -> None:
    async with opened(browser, screen.url) as page:
        await listens(screen)
        round_ = screen.play(opened_round(left_s=600))
        await shown_name(page, "Which emote is this?")
        await expect(page.locator(".left")).to_be_visible()
        screen.play(replace(round_, state=RoundState.WON, decided_at=time.time()))
        await shown_name(page, "Solved! It was face with tears of joy.")
        await expect(page.locator(".left")).to_have_count(0)
        await expect(page.locator(".act")).to_have_count(0)


# -- lasting --------------------------------------------------------------------------------------------------------


async def test_after_a_reload_only_what_is_newer_than_a_minute_comes(browser: Browser, screen: Screen) -> None:
    await screen.show(staged(asker_name="old", at=time.time() - 61))
    await screen.show(staged(asker_name="new", at=time.time() + LATER_S))
    async with opened(browser, screen.url) as page:
        for _ in range(2):
            await shown_name(page, "new")
            assert await page.evaluate("window.names") == ["new"]
            await page.reload()


async def test_a_server_that_comes_back_is_found_and_what_was_missed_is_seen(browser: Browser) -> None:
    async with open_screen() as screen, AsyncExitStack() as later:
        async with screen.site.serving():
            page = await later.enter_async_context(opened(browser, screen.url))
            await screen.set("overlay_duration_s", 30)
            await listens(screen)
            shown = await screen.show(staged(asker_name="Ada"))
            await shown_name(page, "Ada")
        await screen.hide(shown)
        await screen.show(staged(asker_name="Bob", at=time.time() + LATER_S))
        async with screen.site.serving():
            await shown_name(page, "Bob")
            await expect(page.locator(".words")).to_have_text("Bob")


async def test_an_answer_that_is_no_stream_is_not_the_end(browser: Browser, screen: Screen) -> None:
    """A proxy says 502 while the server restarts, and EventSource by itself would give up."""
    async with opened(browser, screen.url) as page:
        await listens(screen)
        await page.route("**/events*", lambda route: route.fulfill(status=502, body="down"))
        assert screen.pages is not None
        await screen.pages.close(web.Application())
        await page.wait_for_event("response", lambda response: response.status == 502)
        await page.unroute("**/events*")
        await screen.show(staged(asker_name="Ada", at=time.time() + LATER_S))
        await shown_name(page, "Ada")


async def test_a_connection_that_is_dead_without_a_word_is_given_up(browser: Browser, screen: Screen) -> None:
    async with passing_on(screen.site.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}{screen.path}"
        async with opened(browser, url, clock=True) as page:
            await listens(screen)
            proxy.deafen()
            await screen.show(staged(asker_name="Ada", at=time.time() + LATER_S))
            await until(lambda: proxy.swallowed > 0)
            await page.clock.fast_forward(31_000)  # no beat in all that time
            await page.clock.fast_forward(2_000)  # it tries again
            await shown_name(page, "Ada")


# -- the file for OBS -----------------------------------------------------------------------------------------------


async def test_the_local_file_waits_for_the_server_and_shows_the_overlay(browser: Browser, tmp_path: Path) -> None:
    async with open_screen() as screen, AsyncExitStack() as later:
        async with (
            screen.site.serving(),
            aiohttp.ClientSession() as client,
            client.get(f"{screen.url}/local") as answer,
        ):
            file = tmp_path / "emoteface overlay.html"
            file.write_bytes(await answer.read())
        page = await later.enter_async_context(opened(browser, file.as_uri()))
        await page.wait_for_event("requestfailed")  # there is no server now, and was none a while ago
        async with screen.site.serving():
            await expect(page.locator("iframe.alive")).to_be_visible()
            await listens(screen)
            await screen.show(staged(asker_name="Ada", at=time.time() + LATER_S))
            await expect(page.frame_locator("iframe").locator(".act")).to_be_visible()


async def test_the_local_file_works_where_obs_has_local_files(browser: Browser, screen: Screen) -> None:
    """Both are at names that only this browser knows: Chromium lets no `http:` page of elsewhere to this machine."""

    async def from_screen(route: Route) -> None:
        url = URL(route.request.url)
        if url.path.endswith("/events"):
            await route.abort()
        else:
            await route.fulfill(response=await route.fetch(url=screen.site.url + url.path))

    async with opened(browser, "about:blank", complains="Opener-Policy header has been ignored") as page:
        await page.route("http://absolute/**", lambda route: route.fulfill(path=LOCAL, content_type="text/html"))
        await page.route("http://overlay.example/**", from_screen)
        await page.goto(f"http://absolute/C:/overlay.html#http://overlay.example{screen.path}")
        await expect(page.locator("iframe.alive")).to_be_visible()
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_local_file_shows_nothing_of_an_address_that_is_none(browser: Browser, screen: Screen) -> None:
    address = screen.url.replace(screen.secret, "x" * len(screen.secret))
    async with opened(browser, f"{LOCAL.as_uri()}#{address}", clock=True, complains="frame-ancestors") as page:
        for _ in range(2):
            await page.wait_for_event("response", lambda response: response.status == 404)
            await expect(page.locator("iframe")).to_be_hidden()
            await page.clock.fast_forward(10_000)


async def test_the_local_file_starts_anew_where_the_overlay_says_nothing_any_more(
    browser: Browser, screen: Screen
) -> None:
    async with opened(browser, f"{LOCAL.as_uri()}#{screen.url}", clock=True) as page:
        await expect(page.locator("iframe.alive")).to_be_visible()
        await page.locator("iframe").evaluate("(frame) => { frame.dataset.first = 'yes'; frame.src = 'about:blank'; }")
        await page.clock.fast_forward(45_000)
        await expect(page.locator("iframe:not([data-first]).alive")).to_be_visible()


def _near(colour: list[int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(ours - theirs) <= 12 for ours, theirs in zip(colour, wanted, strict=True))
