"""What Unicode emoji are called in the languages of chat."""

from __future__ import annotations

from dataclasses import dataclass

import emoji

from bot.texts import SOURCE_LOCALE


@dataclass(frozen=True, slots=True)
class EmojiName:
    """The name of the emoji with this twemoji file stem (`1f602`); `english` is ours.

    The names are Unicode's own (CLDR), which screen readers say too when they come upon the emoji itself. The package
    loads a language when it is first asked for: 2 MB each.
    """

    stem: str
    english: str

    def said_in(self, locale: str) -> str:
        """`face with tears of joy`, `gesicht mit freudentränen`; English where there is no other."""
        if locale == SOURCE_LOCALE:
            return self.english
        emoji.config.load_language(locale)
        sequence = "".join(chr(int(code, 16)) for code in self.stem.split("-"))
        name = emoji.EMOJI_DATA.get(sequence, {}).get(locale)
        return name.strip(":").replace("_", " ") if name else self.english
