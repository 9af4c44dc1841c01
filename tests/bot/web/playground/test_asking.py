"""Asking for faces on the page, and what comes back."""

import pytest
from playwright.async_api import Page, expect

from bot.errors import Busy, UnknownEmote
from tests.bot.web.conftest import MAX_UPLOAD_BYTES, Site
from tests.bot.web.fake_faces import png
from tests.bot.web.playground.conftest import asked, hand_over, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACE_WITH_TEARS = "A face made from face with tears of joy, AI-generated"


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
