"""Choosing among what a message shows: a select that needs no memory, so that it works after a restart.

The values name emoji and stickers themselves. Pictures have addresses that are too long for that: they are shown above
the select, from where their addresses are read again, and the values count them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import discord
from discord import ui

from bot.discord.shown import Shown
from bot.emotes.discord_emoji import name_in
from bot.emotes.resolver import MAX_EMOTES
from bot.models import Emote, EmoteSource
from bot.texts import Text, say

PICK = "faces:pick"
MAX_OPTIONS = 25
_MAX_SHOWN = 10  # pictures in a gallery
_PICTURE, _STICKER, _WORD = "p", "s", "w"


class Nameable(Protocol):
    """`bot.emotes.chat.ChatEmotes`."""

    def shown_name(self, name: str) -> str | None: ...


def picking_view(shown: Shown, emotes: Nameable, locale: str) -> ui.LayoutView:
    """The question which of them, for the asker alone."""
    view = ui.LayoutView(timeout=None)
    view.stop()  # the library would keep every view ever sent
    pictures = [picture for picture in shown.pictures if _has_address(picture)][:_MAX_SHOWN]
    view.add_item(ui.TextDisplay(say(Text("Which of these?"), locale)))
    if pictures:
        labels = [say(Text("Picture {n}", {"n": at}), locale) for at in range(1, len(pictures) + 1)]
        items = [
            discord.MediaGalleryItem(each.id, description=label) for each, label in zip(pictures, labels, strict=True)
        ]
        view.add_item(ui.MediaGallery(*items))
    options = [*_options(shown, pictures, emotes, locale)][:MAX_OPTIONS]
    select = ui.Select[ui.LayoutView](custom_id=PICK, options=options, max_values=min(MAX_EMOTES, len(options)))
    return view.add_item(ui.ActionRow(select))


def picked(message: discord.Message | None, values: Sequence[str]) -> Shown:
    """What was chosen of the message that `picking_view` made."""
    addresses = [] if message is None else list(_addresses(message.components))
    pictures, words = list[Emote](), list[str]()
    for value in values:
        kind, _, rest = value.partition(":")
        if kind == _WORD:
            words.append(rest)
        elif kind == _STICKER:
            file, _, animated = rest.partition(":")
            pictures.append(Emote(EmoteSource.STICKER, file, animated=bool(animated)))
        else:
            at, source, owner_id = rest.split(":")
            if int(at) < len(addresses):
                pictures.append(Emote(EmoteSource(source), addresses[int(at)], shown_user_id=owner_id or None))
    return Shown(tuple(pictures), tuple(words))


def _options(shown: Shown, pictures: Sequence[Emote], emotes: Nameable, locale: str) -> Iterator[discord.SelectOption]:
    for at, picture in enumerate(pictures):
        value = f"{_PICTURE}:{at}:{picture.source.value}:{picture.shown_user_id or ''}"
        yield discord.SelectOption(label=say(Text("Picture {n}", {"n": at + 1}), locale), value=value)
    stickers = [picture for picture in shown.pictures if picture.source is EmoteSource.STICKER]
    for at, sticker in enumerate(stickers):
        value = f"{_STICKER}:{sticker.id}:{'a' if sticker.animated else ''}"
        yield discord.SelectOption(label=say(Text("Sticker {n}", {"n": at + 1}), locale), value=value)
    for at, word in enumerate(shown.words):
        name = name_in(word)
        safe = word if name is None else emotes.shown_name(name)
        yield discord.SelectOption(label=safe or say(Text("Emoji {n}", {"n": at + 1}), locale), value=f"{_WORD}:{word}")


def _has_address(picture: Emote) -> bool:
    return picture.source in {EmoteSource.ATTACHMENT, EmoteSource.LINK}


def _addresses(components: Sequence[object]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            yield from (item.media.url for item in component.items)
