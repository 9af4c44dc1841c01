"""Custom emoji of Discord: the markup says everything, so there is no catalogue to ask."""

from __future__ import annotations

import re

from bot.models import Emote, EmoteSource

_MARKUP = re.compile(r"<(?P<animated>a?):(?P<name>[A-Za-z0-9_]{2,32}):(?P<id>[0-9]{15,21})>", re.ASCII)


def markup_at(text: str, at: int) -> tuple[Emote, int] | None:
    """The custom emoji whose markup starts at `at`, and where it ends.

    It has no name: whoever typed the markup chose what stands in it.
    """
    if found := _MARKUP.match(text, at):
        return Emote(EmoteSource.DISCORD, found["id"], animated=bool(found["animated"])), found.end()
    return None


def markup_in(text: str) -> list[tuple[int, str]]:
    """Every custom emoji of a text as it is written, and where it starts."""
    return [(found.start(), found[0]) for found in _MARKUP.finditer(text)]


def name_in(word: str) -> str | None:
    """What stands as a name in a custom emoji's markup, chosen by whoever typed it; None for what is no markup."""
    found = _MARKUP.fullmatch(word)
    return found["name"] if found else None


def picture_url(cdn_url: str, emote: Emote) -> str:
    """Where the picture is. Of an animated emoji, `.png` is its first frame and `.webp` too unless told otherwise.

    https://discord.com/developers/docs/reference#image-formatting
    """
    return f"{cdn_url}/emojis/{emote.id}" + (".webp?animated=true" if emote.animated else ".png")
