"""What a catalogue of emotes is once it has been read, whatever source it is from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from bot.emotes.unicode import visible
from bot.models import EmoteSource

MAX_LISTED = 5000  # emotes of one catalogue; 7TV's largest sets have 1000
MAX_NAME_CHARS = 100


class ContentFlag(StrEnum):
    """Why an emote is not for every chat."""

    SEXUAL = "sexual"
    EPILEPSY = "epilepsy"
    EDGY = "edgy"
    TWITCH_DISALLOWED = "twitch_disallowed"
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Listed:
    """An emote as its catalogue lists it. `name` is spelled as in chat and not safe to show; see `bot.emotes.names`.

    An `overlay` lies on the emote before it and is nothing by itself.
    """

    source: EmoteSource
    id: str
    name: str
    animated: bool = False
    overlay: bool = False
    flags: tuple[ContentFlag, ...] = ()


class Catalogue:
    """Emotes by name. Of two with one name the first counts; names nobody could type are left out."""

    def __init__(self, emotes: Iterable[Listed] = ()) -> None:
        self._exact: dict[str, Listed] = {}
        spellings: defaultdict[str, list[str]] = defaultdict(list)
        for listed in islice(emotes, MAX_LISTED):
            typed = listed.name if listed.name.isascii() else visible(listed.name)
            if not 1 <= len(typed) <= MAX_NAME_CHARS or not typed.isprintable() or " " in typed or typed in self._exact:
                continue
            self._exact[typed] = listed
            spellings[typed.casefold()].append(typed)
        self._spellings = {folded: tuple(names) for folded, names in spellings.items()}

    def __len__(self) -> int:
        return len(self._exact)

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._exact.values())

    def exact(self, name: str) -> Listed | None:
        """The emote spelled exactly like this (visible text)."""
        return self._exact.get(name)

    def in_any_case(self, folded: str) -> Iterator[Listed]:
        """The emotes that only upper and lower case tell from this casefolded name."""
        return (self._exact[name] for name in self._spellings.get(folded, ()))

    @property
    def folded_names(self) -> Iterable[str]:
        """Every name, casefolded, once."""
        return self._spellings.keys()


EMPTY = Catalogue()
