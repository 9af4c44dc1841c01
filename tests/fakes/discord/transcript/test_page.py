"""A transcript shows what people see, and nothing that people wrote gets out of its place."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import running_browser
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.transcript.page import Transcript, photograph
from tests.fakes.discord.world import COMPONENTS_V2, EPHEMERAL, LOADING, Attachment, Interaction, Message, User

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
def ada(fake: FakeDiscord) -> User:
    return fake.user("Ada")


def webp(colour: str = "tomato") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (256, 128), colour).save(file, "WEBP")
    return file.getvalue()


def answer(fake: FakeDiscord, user: User) -> Message:
    """A face with everything around it."""
    data = {"id": "1", "name": "face", "type": 1, "options": []}
    message = Message(fake.channel, fake.bot, flags=COMPONENTS_V2, interaction=Interaction(fake.channel, user, data))
    message.attachments = [Attachment("face.webp", webp())]
    message.components = [
        {"type": 10, "content": "-# seed 7"},
        {
            "type": 17,
            "accent_color": 0xFF0000,
            "components": [
                {
                    "type": 12,
                    "items": [{"media": {"url": "attachment://face.webp"}, "description": "a face made from Kappa"}],
                },
                {"type": 14, "divider": True, "spacing": 1},
                {
                    "type": 1,
                    "components": [
                        {"type": 2, "style": 2, "label": "Again", "custom_id": "a", "emoji": {"name": "🎲"}},
                        {"type": 2, "style": 4, "label": "Delete", "custom_id": "d", "disabled": True},
                    ],
                },
                {
                    "type": 1,
                    "components": [
                        {"type": 3, "custom_id": "s", "placeholder": "Style", "options": [{"label": "r", "value": "r"}]}
                    ],
                },
            ],
        },
    ]
    return message


def test_words_are_marked_up_as_on_discord(fake: FakeDiscord, ada: User) -> None:
    text = (
        f"# Title\n-# small\n- item\n> quote\n**bold** *italic* ~~gone~~ `**code**` ||hidden|| {ada.mention} "
        f"<#{fake.channel.id}> <t:1767225900:R> [page](https://example.com/a) snake_case_name"
    )
    fake.say(fake.channel, ada, text)
    page = Transcript(fake, now=NOW).page(fake.channel)
    for part in (
        "<h1>Title</h1>",
        "<small>small</small>",
        '<div class="item">item</div>',
        "<q>quote</q>",
        "<b>bold</b> <i>italic</i> <s>gone</s> <code>**code**</code>",
        '<span class="spoiler">hidden</span>',
        '<span class="mention">@Ada</span> <span class="mention">#general</span>',
        '<span class="moment">in 5 minutes</span>',
        '<a href="https://example.com/a">page</a> snake_case_name',
    ):
        assert part in page


def test_nothing_that_people_wrote_is_html(fake: FakeDiscord, ada: User) -> None:
    ada.name = fake.channel.name = EVIL
    fake.say(fake.channel, ada, f"{EVIL} `{EVIL}` [x](javascript:alert(1)) <:{'a' * 5}:1>")
    shown = answer(fake, ada)
    shown.components[0]["content"] = EVIL
    shown.components[1]["components"][0]["items"][0]["description"] = EVIL
    shown.components[1]["components"][2]["components"][0]["label"] = EVIL
    shown.components[1]["components"][3]["components"][0]["placeholder"] = EVIL
    shown.attachments.append(Attachment(EVIL, b"no picture"))
    shown.embeds = [{"title": EVIL, "description": EVIL, "footer": {"text": EVIL}}]
    fake.publish(shown)
    form = {"title": EVIL, "components": [{"type": 18, "label": EVIL, "component": {"type": 4, "value": EVIL}}]}
    page = Transcript(fake).page(fake.channel, form=form)
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "javascript:" not in page.replace("(javascript:alert(1))", "")  # shown as text, no link
    assert page.count("&lt;script&gt;") >= 10


def test_an_answer_shows_its_picture_buttons_and_who_asked(fake: FakeDiscord, ada: User) -> None:
    fake.publish(answer(fake, ada))
    page = Transcript(fake).page(fake.channel)
    assert "<b>Ada</b> used <b>/face</b>" in page
    assert 'alt="a face made from Kappa" src="data:image/webp;base64,' in page
    assert "border-left-color: #ff0000" in page
    assert "<span>Again</span>" in page
    assert 'class="button danger disabled"' in page
    assert '<span class="hint">Style</span>' in page
    assert "🎲" not in page  # a picture, as not every machine has a font for it


def test_one_sees_ones_own_private_answers_and_no_deleted_ones(fake: FakeDiscord, ada: User) -> None:
    fake.publish(Message(fake.channel, fake.bot, "a secret", flags=EPHEMERAL, seen_by=ada))
    fake.publish(Message(fake.channel, fake.bot, flags=LOADING))
    fake.delete(fake.say(fake.channel, ada, "a mistake"))
    own, others = (Transcript(fake, viewer).page(fake.channel) for viewer in (ada, fake.user("Bob")))
    assert "a secret" in own
    assert "Only you can see this" in own
    assert "a secret" not in others
    assert "is thinking" in others
    assert "a mistake" not in own


async def test_a_photograph_shows_all_of_it(fake: FakeDiscord, ada: User, tmp_path: Path) -> None:
    fake.react(fake.say(fake.channel, ada, "!face 😂"), fake.user("Bob"), "👍")
    fake.publish(answer(fake, ada))
    async with running_browser() as browser:
        png = await photograph(browser, Transcript(fake).page(fake.channel))
    (tmp_path / "transcript.png").write_bytes(png)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1440
        red, green, blue = picture.convert("RGB").getpixel((400, 600))
    assert abs(red - 255) + abs(green - 99) + abs(blue - 71) < 9, "the face is not to be seen"
