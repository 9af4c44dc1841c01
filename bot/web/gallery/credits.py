"""What a face was made from, with credit: names and links, never copies of others' pictures."""

from __future__ import annotations

from dataclasses import dataclass

from bot.emotes.library import SOURCE_NAMES, page_of
from bot.models import Emote, EmoteSource
from bot.replies import called
from bot.texts import Text, joined

TWEMOJI_URL = "https://github.com/jdecked/twemoji"
_NO_NAMES = {EmoteSource.DISCORD, EmoteSource.STICKER}  # of a server, which is not named here


@dataclass(frozen=True, slots=True)
class Credit:
    """One emote. `glyph` is the character of an emoji; `url` its page at its source, if it has one."""

    name: Text
    glyph: str | None = None
    source: Text | None = None
    url: str | None = None


def credits_of(emotes: tuple[Emote, ...]) -> list[Credit]:
    """Of every emote and what it is composed with, each once."""
    parts = dict.fromkeys(Emote(part.source, part.id, part.name) for emote in emotes for part in emote.parts)
    return [_credit(part) for part in parts]


def _credit(emote: Emote) -> Credit:
    name = joined([called(emote)])
    if emote.source is EmoteSource.UNICODE:
        glyph = "".join(chr(int(code, 16)) for code in emote.id.split("-"))
        return Credit(name, glyph, Text("Twemoji, CC BY 4.0"), TWEMOJI_URL)
    if emote.source in _NO_NAMES or emote.source not in SOURCE_NAMES:
        return Credit(name)
    return Credit(name, None, joined([SOURCE_NAMES[emote.source]]), page_of(emote))
