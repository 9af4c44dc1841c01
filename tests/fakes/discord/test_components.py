"""Layouts, buttons, selects and forms, as discord.py sends and gets them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import discord
import pytest
from discord import ui

from tests.fakes.discord.conftest import QUIET, Bot, Connect
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message, User

PICTURE = b"RIFF....WEBP"


def file(name: str = "face.webp") -> discord.File:
    return discord.File(io.BytesIO(PICTURE), name)


def layout(*items: ui.Item[Any]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def gallery(name: str = "face.webp", alt: str | None = "a face made from Kappa") -> ui.MediaGallery[Any]:
    return ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{name}", description=alt))


def row(*buttons: ui.Button[Any]) -> ui.ActionRow[Any]:
    return ui.ActionRow(*buttons)


def button(label: str = "Again", custom_id: str = "again", **details: Any) -> ui.Button[Any]:
    return ui.Button(label=label, custom_id=custom_id, **details)


async def test_a_layout_shows_its_texts_pictures_and_buttons(fake: FakeDiscord, connect: Connect) -> None:
    section = ui.Section(ui.TextDisplay("**Kappa**"), accessory=ui.Thumbnail("https://cdn.example/kappa.png"))
    container = ui.Container(section, gallery(), ui.Separator(), row(button(), button("Gone", "gone", disabled=True)))
    async with connect() as bot:
        sent = await bot.channel_in(fake).send(view=layout(ui.TextDisplay("A face"), container), file=file())
        fetched = await bot.channel_in(fake).fetch_message(sent.id)
    (message,) = fake.messages_in(fake.channel)
    assert message.texts() == ["A face", "**Kappa**"]
    assert [(each["label"], each.get("disabled")) for each in message.buttons()] == [("Again", False), ("Gone", True)]
    thumbnail, face = message.pictures()
    assert (thumbnail.url, face.content, face.description) == (
        "https://cdn.example/kappa.png",
        PICTURE,
        "a face made from Kappa",
    )
    assert fetched.flags.components_v2
    assert fetched.attachments == []  # what components show is in the components alone
    shown = next(each for each in fetched.components[1].children if isinstance(each, discord.MediaGalleryComponent))
    async with connect() as bot:
        assert await bot.http.get_from_cdn(shown.items[0].media.url) == PICTURE
    assert fake.complaints == []


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (lambda: [gallery("other.webp")], "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"),
        (lambda: [gallery(alt="x" * 1025)], "BASE_TYPE_BAD_LENGTH"),
        (lambda: [row(button(), button("Twice"))], "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (lambda: [row(button("", ""))], "BASE_TYPE_BAD_LENGTH"),
        (lambda: [row(button("x" * 81))], "BASE_TYPE_BAD_LENGTH"),
        (lambda: [row(ui.Button(emoji="<:gone:25>", custom_id="x"))], "COMPONENT_INVALID_EMOJI"),
        (lambda: [ui.TextDisplay("x" * 2000) for _ in range(3)], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
        (lambda: [ui.TextDisplay("")], "BASE_TYPE_BAD_LENGTH"),
        (lambda: [ui.ActionRow(ui.Select(custom_id="s"))], "BASE_TYPE_BAD_LENGTH"),
        (lambda: [ui.ActionRow(ui.Select(custom_id="s", options=[discord.SelectOption(label="a", value="v")] * 2))],
         "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
    ],
)  # fmt: skip
async def test_a_malformed_layout_is_refused(
    fake: FakeDiscord, connect: Connect, items: Callable[[], list[ui.Item[Any]]], reason: str
) -> None:
    async with connect() as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.channel_in(fake).send(view=layout(*items()), file=file())
    assert refused.value.code == 50035
    assert reason in fake.complaints[0]
    assert fake.messages == []


async def test_more_than_forty_components_are_refused(fake: FakeDiscord, connect: Connect) -> None:
    view = layout(*(ui.TextDisplay("x") for _ in range(40)))
    too_many = [*view.to_components(), {"type": 10, "content": "x"}]
    view.to_components = lambda: too_many  # type: ignore[method-assign]
    async with connect() as bot:
        with pytest.raises(discord.HTTPException, match="components"):
            await bot.channel_in(fake).send(view=view)


async def test_a_layout_has_neither_content_nor_embeds(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        for legacy in ({"content": "words"}, {"embed": discord.Embed(title="words")}):
            with pytest.raises(discord.HTTPException, match="IS_COMPONENTS_V2"):
                await bot.http.send_message(
                    fake.channel.id,
                    params=discord.http.handle_message_parameters(
                        view=layout(ui.TextDisplay("x")), allowed_mentions=QUIET, **legacy
                    ),
                )


async def test_a_message_becomes_a_layout_and_stays_one(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        sent = await bot.channel_in(fake).send("working …")
        with pytest.raises(discord.HTTPException, match="emptied"):
            await sent.edit(view=layout(gallery()), attachments=[file()])
        changed = await sent.edit(content=None, view=layout(gallery(), row(button())), attachments=[file()])
        (message,) = fake.messages_in(fake.channel)
        assert message.is_layout
        assert (message.content, message.history) == ("", ["working …"])
        assert message.pictures()[0].content == PICTURE
        await sent.edit(view=layout(gallery(), ui.TextDisplay("later")))  # keeps the file
        assert (message.pictures()[0].content, message.texts()) == (PICTURE, ["later"])
        with pytest.raises(discord.HTTPException, match="cannot be removed"):
            await sent.edit(content="words")  # discord.py sends the flags that the message had
        with pytest.raises(discord.HTTPException, match="cannot be used"):
            await changed.edit(content="words")
        with pytest.raises(discord.HTTPException, match="not found"):
            await sent.edit(view=layout(gallery()), attachments=[])


async def test_an_edit_can_send_back_the_layout_it_got(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        sent = await bot.channel_in(fake).send(view=layout(gallery(), row(button())), file=file())
        view = ui.LayoutView.from_message(await bot.channel_in(fake).fetch_message(sent.id))
        for child in view.walk_children():
            if isinstance(child, ui.Button):
                child.disabled = True
        await sent.edit(view=view)
    (message,) = fake.messages_in(fake.channel)
    assert (message.pictures()[0].content, message.buttons()[0]["disabled"]) == (PICTURE, True)


class Pressed(ui.LayoutView):
    """Answers each press in the way that its custom id names."""

    row = ui.ActionRow[Any]()

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.seen: list[discord.Interaction[Any]] = []
        for way in ("reply", "think", "quiet", "change", "form"):
            pressed: ui.Button[Any] = ui.Button(label=way.title(), custom_id=way)
            pressed.callback = getattr(self, f"_{way}")  # type: ignore[method-assign]
            self.row.add_item(pressed)

    async def _reply(self, interaction: discord.Interaction[Any]) -> None:
        self.seen.append(interaction)
        await interaction.response.send_message("only you", ephemeral=True, view=Again())

    async def _think(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(view=layout(gallery()), attachments=[file()])

    async def _quiet(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(view=layout(ui.TextDisplay("another")), wait=True)

    async def _change(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.edit_message(view=layout(ui.TextDisplay("changed")))

    async def _form(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(Form())


class Again(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.select(custom_id="styles", options=[discord.SelectOption(label="Real", value="r", emoji="😂")])
    async def chosen(self, interaction: discord.Interaction[Any], select: ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"chosen {select.values}", view=None)

    @ui.select(cls=ui.UserSelect, custom_id="people", max_values=2)
    async def people(self, interaction: discord.Interaction[Any], select: ui.UserSelect[Any]) -> None:
        await interaction.response.send_message(" ".join(each.name for each in select.values), ephemeral=True)


class Form(ui.Modal, title="Quota"):
    amount = ui.Label[Any](text="Amount", component=ui.TextInput(custom_id="amount", default="5", max_length=4))
    style = ui.Label[Any](
        text="Style", component=ui.Select(custom_id="style", options=[discord.SelectOption(label="Real", value="r")])
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        amount, style = self.amount.component, self.style.component
        assert isinstance(amount, ui.TextInput)
        assert isinstance(style, ui.Select)
        await interaction.response.send_message(f"{amount.value} {style.values}", ephemeral=True)


@pytest.fixture
def ada(fake: FakeDiscord) -> User:
    return fake.user("Ada")


async def posted(fake: FakeDiscord, bot: Bot) -> tuple[Message, Pressed]:
    view = Pressed()
    await bot.channel_in(fake).send(view=view)
    return fake.messages_in(fake.channel)[0], view


async def test_a_press_is_answered_in_five_ways(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    async with connect() as bot:
        message, _ = await posted(fake, bot)
        thinking = await fake.response_to(fake.press(message, ada, "think"))
        assert thinking.pictures()[0].content == PICTURE
        quiet = fake.press(message, ada, "Quiet")
        await fake.until(lambda: quiet.followups)
        assert (quiet.original, quiet.followups[0].texts()) == (message, ["another"])
        change = fake.press(message, ada, "change")
        await fake.until(lambda: change.acknowledged)
        assert message.texts() == ["changed"]
        with pytest.raises(LookupError):
            fake.press(message, ada, "change")
    assert fake.complaints == []


async def test_a_press_says_who_pressed_what(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    ada.locale, fake.guild.locale = "ja", "de"
    async with connect() as bot:
        message, view = await posted(fake, bot)
        await fake.response_to(fake.press(message, ada, "reply"))
        (seen,) = view.seen
    assert (seen.user.id, seen.locale, seen.guild_locale) == (ada.id, discord.Locale.japanese, discord.Locale.german)
    assert seen.message is not None
    assert seen.message.id == message.id


async def test_an_ephemeral_answer_is_seen_and_used_by_one_person(
    fake: FakeDiscord, connect: Connect, ada: User
) -> None:
    async with connect() as bot:
        message, _ = await posted(fake, bot)
        answer = await fake.response_to(fake.press(message, ada, "reply"))
        assert answer.is_ephemeral
        assert answer not in fake.messages_in(fake.channel)
        with pytest.raises(AssertionError, match="one person"):
            fake.choose(answer, fake.user("Bob"), "styles", ["Real"])
        people = await fake.response_to(fake.choose(answer, ada, "people", [ada, fake.user("Bob")]))
        assert people.content == "Ada Bob"
        chosen = fake.choose(answer, ada, "styles", ["Real"])
        await fake.until(lambda: chosen.acknowledged)
        assert (answer.content, answer.components) == ("chosen ['r']", [])


async def test_a_form_opens_is_filled_in_and_answered(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    async with connect() as bot:
        message, _ = await posted(fake, bot)
        asking = fake.press(message, ada, "form")
        assert (await fake.opened(asking))["title"] == "Quota"
        answer = await fake.response_to(fake.submit(asking, ada, {"Amount": "7", "style": ["Real"]}))
        assert answer.content == "7 ['r']"
        asking = fake.press(message, ada, "form")
        await fake.opened(asking)
        again = await fake.response_to(fake.submit(asking, ada, {"style": ["r"]}))
        assert again.content == "5 ['r']"
        with pytest.raises(AssertionError, match="characters"):
            fake.submit(asking, ada, {"amount": "12345", "style": ["r"]})


async def test_an_answer_can_be_fetched_and_deleted(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    async with connect() as bot:
        message, view = await posted(fake, bot)
        answer = await fake.response_to(fake.press(message, ada, "reply"))
        fetched = await view.seen[0].original_response()
        assert (fetched.id, fetched.content) == (answer.id, "only you")
        await view.seen[0].delete_original_response()
        assert answer.deleted
        with pytest.raises(discord.NotFound):
            await view.seen[0].edit_original_response(content="late")


async def test_a_press_while_no_bot_is_there_stays_without_an_answer(
    fake: FakeDiscord, connect: Connect, ada: User
) -> None:
    async with connect() as bot:
        message, view = await posted(fake, bot)
        view.stop()
    pressed = fake.press(message, ada, "reply")
    assert not pressed.acknowledged
