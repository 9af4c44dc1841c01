"""What somebody may be about to type: the last word of a text completed to an emote of this chat.

The best come first: the name itself, names that begin like it, then those with it in the middle, then similar ones;
of equals the channel's before everybody's. What is offered is drawn when it is chosen: flagged emotes that are not
allowed, what is blocked, names that may not be shown, and names that mean something else here are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import nsmallest
from typing import TypeAlias

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from bot.command import is_option
from bot.emotes.catalogue import MAX_NAME_CHARS, Catalogue, Listed
from bot.emotes.library import Library, Shelf, Surroundings
from bot.emotes.links import is_link
from bot.emotes.resolver import BLEND, Found, Resolver
from bot.emotes.unicode import UnicodeCatalogue, visible
from bot.models import Emote, EmoteSource

MAX_SUGGESTIONS = 25
MAX_CHARS = 100  # of a whole text
_LOOKED_AT = 4 * MAX_SUGGESTIONS  # as some are left out
_SIMILAR = 0.85  # of 1
_SIMILAR_FROM_CHARS = 3  # below, everything is similar


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A whole text to choose. `shown` is what people read, `typed` what is asked then; here both mean the same."""

    shown: str
    typed: str


class _Match(IntEnum):
    NAME, BEGINNING, WORD, MIDDLE, SIMILAR = range(5)


class _Rank(IntEnum):
    """The order of equals."""

    CHANNEL, TWITCH, UNICODE, EVERYBODYS = range(4)


_Hit: TypeAlias = tuple[_Match, float, _Rank, int, str, int]
"""The best is the smallest: kind, dissimilarity, …, length, name, and in which stock it is."""


class Completer:
    """Searches names in the catalogues that are in memory."""

    def __init__(self, resolver: Resolver, library: Library, unicode: UnicodeCatalogue) -> None:
        self._resolver = resolver
        self._library = library
        self._unicode = unicode

    async def complete(self, text: str, place: Surroundings, favourites: Sequence[Emote]) -> tuple[Suggestion, ...]:
        """Texts like this one with its last word completed; where there is none yet, with one of the favourites.

        A catalogue that is not in memory is read for the next who asks.
        """
        text = text.lstrip()
        if len(text) > MAX_CHARS:
            return ()
        word = text.split()[-1] if text and not text[-1].isspace() else ""
        before = text.removesuffix(word)
        shelves = await self._library.at_hand(place)
        search = _Search(self._resolver, self._unicode, shelves, place, lies_on=bool(before))
        found = search.completed(word) if word else search.first_words(favourites)
        texts: dict[str, Suggestion] = {}
        for suggestion in found:
            if len(before + suggestion.typed) <= MAX_CHARS:
                texts.setdefault(suggestion.typed, Suggestion(before + suggestion.shown, before + suggestion.typed))
            if len(texts) == MAX_SUGGESTIONS:
                break
        return tuple(texts.values())

    async def named_in(self, text: str, place: Surroundings) -> tuple[str, ...]:
        """The words of some talk that are emotes of a catalogue, spelled exactly. Names of emoji are ordinary words."""
        shelves = await self._library.at_hand(place)
        search = _Search(self._resolver, self._unicode, shelves, place, lies_on=False)
        return tuple(word for word in dict.fromkeys(text.split()) if search.names_exactly(word))


@dataclass(frozen=True, slots=True)
class _Search:
    """One look through the shelves. `lies_on`: something is named before, on which an overlay can lie."""

    resolver: Resolver
    unicode: UnicodeCatalogue
    shelves: Sequence[Shelf]
    place: Surroundings
    lies_on: bool

    def completed(self, word: str) -> Iterator[Suggestion]:
        """Best first."""
        is_emote = (word.startswith("<") or not word.isascii()) and self._meaning(word) is not None
        if is_emote or is_option(word) or is_link(word):
            yield Suggestion(word, word)
        asked = visible(word).strip(":<>").casefold()
        if not 1 <= len(asked) <= MAX_NAME_CHARS:
            return
        stocks = list(self._stocks())
        for search in (_beginning, _containing, _similar):  # the next only for who has not had enough
            hits = nsmallest(_LOOKED_AT, (hit for at, stock in enumerate(stocks) for hit in search(asked, stock, at)))
            for *_, name, at in hits:
                yield from self._suggestions(name, stocks[at].catalogue)

    def first_words(self, favourites: Iterable[Emote]) -> Iterator[Suggestion]:
        """What is drawn most here, then what only this chat has, then some faces."""
        for emote in favourites:
            if emote.source is EmoteSource.UNICODE:
                yield from self._emoji(self.unicode.typed_as(emote.id))
            elif suggestion := self._named(Listed(emote.source, emote.id, emote.name or "", emote.animated)):
                yield suggestion
        for shelf in self.shelves:
            for listed in shelf.catalogue if shelf.of_channel and shelf.catalogue is not None else ():
                if suggestion := self._named(listed):
                    yield suggestion
        for face in self.unicode.faces():
            yield from self._emoji(self.unicode.typed_as(face.id))

    def names_exactly(self, word: str) -> bool:
        """Whether it is drawn when it is asked for as it stands."""
        found = self._meaning(word)
        if found is None or found.overlay or found.emote.picked or found.emote.source is EmoteSource.UNICODE:
            return False
        return found.emote.name == word and self.place.allowed.issuperset(found.flags)

    def _stocks(self) -> Iterator[_Stock]:
        for shelf in self.shelves:
            if shelf.catalogue is not None:
                rank = _Rank.TWITCH if shelf.is_own else _Rank.EVERYBODYS
                names = shelf.catalogue.folded_names
                yield _Stock(_Rank.CHANNEL if shelf.of_channel else rank, names, shelf.catalogue)
        yield _Stock(_Rank.UNICODE, self.unicode.typed.keys(), None)

    def _suggestions(self, folded: str, catalogue: Catalogue | None) -> Iterator[Suggestion]:
        if catalogue is None:
            yield from self._emoji(self.unicode.typed[folded])
            return
        for listed in catalogue.in_any_case(folded):
            if suggestion := self._named(listed):
                yield suggestion

    def _emoji(self, typed: str) -> Iterator[Suggestion]:
        if self.place.blocked and (found := self._meaning(typed)) and not self.place.wants(found.emote):
            return
        yield _sign(typed)

    def _named(self, listed: Listed) -> Suggestion | None:
        """None unless choosing it leads to exactly this emote, here."""
        name = visible(listed.name)
        if BLEND in name or is_option(name) or is_link(name):
            return None
        if (listed.overlay and not self.lies_on) or not self.place.allowed.issuperset(listed.flags):
            return None
        if not self.place.wants(listed):
            return None
        if listed.source is not EmoteSource.DISCORD:
            return _sign(name) if self._means(name, listed) else None
        markup = f"<{'a' if listed.animated else ''}:{name}:{listed.id}>"
        return Suggestion(f":{name}:", markup) if self._means(f":{name}:", listed) else None

    def _means(self, word: str, listed: Listed) -> bool:
        """Whether it is this emote, under a name that may be shown."""
        found = self._meaning(word)
        if found is None or (found.emote.source, found.emote.id) != (listed.source, listed.id):
            return False
        return found.emote.name == visible(listed.name)

    def _meaning(self, word: str) -> Found | None:
        return self.resolver.meaning(word, self.shelves, self.place)


@dataclass(frozen=True, slots=True)
class _Stock:
    """Names to search in, casefolded; None has those of Unicode emoji."""

    rank: _Rank
    names: Iterable[str]
    catalogue: Catalogue | None


def _sign(word: str) -> Suggestion:
    return Suggestion(word, word)


def _beginning(asked: str, stock: _Stock, at: int) -> Iterator[_Hit]:
    for name in [name for name in stock.names if name.startswith(asked)]:
        yield _Match.NAME if name == asked else _Match.BEGINNING, 0.0, stock.rank, len(name), name, at


def _containing(asked: str, stock: _Stock, at: int) -> Iterator[_Hit]:
    word = f"_{asked}"
    for name in [name for name in stock.names if asked in name]:
        yield _Match.WORD if word in name else _Match.MIDDLE, 0.0, stock.rank, len(name), name, at


def _similar(asked: str, stock: _Stock, at: int) -> Iterator[_Hit]:
    if len(asked) < _SIMILAR_FROM_CHARS:
        return
    hits = process.extract(
        asked, stock.names, scorer=JaroWinkler.similarity, score_cutoff=_SIMILAR, limit=MAX_SUGGESTIONS
    )
    for name, score, _ in hits:
        yield _Match.SIMILAR, -score, stock.rank, len(name), name, at
