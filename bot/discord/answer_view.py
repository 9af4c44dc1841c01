"""How a face looks on Discord: the picture with its alt text, a small line of words, and buttons."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import discord
from discord import ui
from yarl import URL

from bot.discord.buttons.controls import Action, button
from bot.models import FaceRequest
from bot.texts import SOURCE_LOCALE
from inference.protocol import Format

ALT_TEXT_LENGTH = 256


@dataclass(frozen=True, slots=True)
class ShownFace:
    """One finished face, as one message shows it. `filename` is unique per request: by it an answer is found again.

    `locale` is the buttons'; none of them without a `request_id`.
    """

    picture: bytes
    filename: str
    alt_text: str
    caption: str | None = None
    spoiler: bool = False
    request_id: str | None = None
    actions: Sequence[Action] = ()
    locale: str = SOURCE_LOCALE

    def files(self) -> list[discord.File]:
        """Fresh file objects, because discord.py uses one only once."""
        return [discord.File(io.BytesIO(self.picture), self.filename, description=_shortened(self.alt_text))]

    def view(self) -> ui.LayoutView:
        """What shows the file. Nothing is kept of it: its buttons say in their ids what they are for."""
        view = ui.LayoutView(timeout=None)
        view.stop()  # the library would keep every view ever sent
        shown = discord.MediaGalleryItem(
            f"attachment://{self.filename}", description=_shortened(self.alt_text), spoiler=self.spoiler
        )
        view.add_item(ui.MediaGallery(shown))
        if self.caption:
            view.add_item(ui.TextDisplay(f"-# {self.caption}"))
        if self.request_id and self.actions:
            view.add_item(ui.ActionRow(*(button(each, self.request_id, self.locale) for each in self.actions)))
        return view


def actions_for(request: FaceRequest) -> tuple[Action, ...]:
    """What stands below an answer. What only its asker sees goes away by Discord's own "Dismiss message"."""
    if request.reply_target.get("private"):
        return (Action.AGAIN, Action.LOOK, Action.MORE)
    return (Action.AGAIN, Action.LOOK, Action.DELETE, Action.MORE)


def filename_of(request_id: str, form: Format = Format.WEBP) -> str:
    """What the picture of a request's answer is called; by this name an answer is found again."""
    return f"face-{request_id}.{form}"


def filenames_in(message: discord.Message) -> set[str]:
    """Of the pictures a message shows, plain attachments or those in its components, which Discord lists only there."""
    names = {attachment.filename for attachment in message.attachments}
    return names | {PurePosixPath(URL(url).path).name for url in _media(message.components)}


def _media(components: Sequence[object]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            yield from (item.media.url for item in component.items)
        elif isinstance(component, discord.Container):
            yield from _media(component.children)


def _shortened(text: str) -> str:
    return text if len(text) <= ALT_TEXT_LENGTH else f"{text[: ALT_TEXT_LENGTH - 1]}…"
