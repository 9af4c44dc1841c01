"""From words to emotes. A word is Discord markup, emoji, `:name:` (any of them stuck together), a bare name, two of
those with a plus between them, or a link.

One order for names: the server's own emoji, Twitch, 7TV, FFZ and BTTV of the channel, Unicode, then everybody's 7TV,
FFZ and BTTV. The first that spells it exactly has it; else the only one that differs in upper and lower case.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from bot.emotes import discord_emoji
from bot.emotes.catalogue import MAX_NAME_CHARS, ContentFlag, Listed
from bot.emotes.library import SOURCE_NAMES, Library, Shelf, Surroundings, page_of
from bot.emotes.links import Links, is_link
from bot.emotes.names import NameGuard, can_be_typed
from bot.emotes.unicode import MAX_SUGGESTIONS, UnicodeCatalogue, is_glue, visible
from bot.errors import FlaggedEmote, NothingToDraw, OverlayAlone, TooManyEmotes, UnknownEmote
from bot.models import Emote, EmoteSource
from bot.texts import Text, Value

MAX_EMOTES = 4  # in one answer, those composed with others counted, too
MAX_WORD_CHARS = 2000  # as long as a chat message; what is longer is nobody's emote
BLEND = "+"
_NAMED = re.compile(r":(?P<name>[^:<>\s]+):")
_NEAR_ENOUGH = 75.0  # of 100
_ANYWHERE = Surroundings()


@dataclass(frozen=True, slots=True)
class Found:
    """An emote and what is known about it. `place` is where it was found, in words for people."""

    emote: Emote
    place: Value
    overlay: bool = False
    flags: tuple[ContentFlag, ...] = ()
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a word: `found` (None: nothing), or names near it; where was looked and who could not be asked."""

    found: Found | None
    near: tuple[str, ...]
    searched: tuple[Value, ...]
    down: tuple[Value, ...]


class Resolver:
    """Asks each source in turn what a word means."""

    def __init__(self, unicode: UnicodeCatalogue, library: Library, guard: NameGuard, links: Links) -> None:
        self._unicode = unicode
        self._library = library
        self._guard = guard
        self._links = links

    async def resolve(self, words: Sequence[str], place: Surroundings = _ANYWHERE) -> tuple[Emote, ...]:
        """All emotes of all words in order, repeated ones too; composed ones count as one.

        Raise UnknownEmote for the first word (or part of one) that no source knows, FlaggedEmote, OverlayAlone,
        LinkNotAllowed, TooManyEmotes, or NothingToDraw.
        """
        emotes: list[Emote] = []
        for word in _with_blends(words):
            for found in await self._read(word, place):
                if forbidden := tuple(flag for flag in found.flags if flag not in place.allowed):
                    raise FlaggedEmote(forbidden)
                if not found.overlay:
                    emotes.append(found.emote)
                elif emotes:
                    emotes[-1] = replace(emotes[-1], overlays=(*emotes[-1].overlays, found.emote))
                else:
                    raise OverlayAlone
            if sum(len(emote.parts) for emote in emotes) > MAX_EMOTES:
                raise TooManyEmotes(MAX_EMOTES)
        if not emotes:
            raise NothingToDraw
        return tuple(emotes)

    async def explain(self, word: str, place: Surroundings = _ANYWHERE) -> Explanation:
        """Where one word leads to, and how."""
        text = visible(word[:MAX_WORD_CHARS])
        shelves = await self._all_shelves(place)
        try:
            signs = self._signs(text, place)
            found = signs[0] if signs else self._by_name(text, shelves)
            near = () if found else self._near(text, shelves, place)
        except UnknownEmote as unknown:  # an emoji newer than the graphics
            found, near = None, unknown.suggestions
        return Explanation(
            found,
            near,
            (*(shelf.label for shelf in shelves if shelf.catalogue is not None), SOURCE_NAMES[EmoteSource.UNICODE]),
            _down(shelves),
        )

    async def harmless(self, place: Surroundings) -> list[Listed]:
        """What the chat has of its own and wants, without overlays and whatever is marked, allowed or not."""
        shelves = await self._library.own(place)
        listed = (each for shelf in shelves if shelf.catalogue is not None for each in shelf.catalogue)
        return [each for each in listed if not each.overlay and not each.flags and place.wants(each)]

    def named(self, listed: Listed) -> Emote | None:
        """The emote, if its name can be shown as it is and be typed."""
        shown = self._guard.shown(listed.name)
        if shown != listed.name or not can_be_typed(shown):
            return None
        return Emote(listed.source, listed.id, shown, listed.animated)

    def spellings(self, emote: Emote) -> tuple[str, ...]:
        """All the ways to write an emote."""
        own = (emote.name,) if emote.name else ()
        return own + (self._unicode.spellings(emote.id) if emote.source is EmoteSource.UNICODE else ())

    def shown_name(self, name: str) -> str | None:
        """See `NameGuard.shown`."""
        return self._guard.shown(name)

    def meaning(self, word: str, shelves: Sequence[Shelf], place: Surroundings) -> Found | None:
        """What a word is when it is exactly one emote, by these shelves and without waiting for others."""
        text = visible(word[:MAX_WORD_CHARS])
        try:
            signs = self._signs(text, place)
        except UnknownEmote:  # an emoji newer than the graphics
            return None
        if signs is None:
            return self._by_name(text, shelves)
        return signs[0] if len(signs) == 1 else None

    async def _read(self, word: str, place: Surroundings) -> list[Found]:
        """The emotes of one word; stops soon after there are too many."""
        if is_link(word):
            return [Found(self._links.read(word), Text("a link"))]
        text = visible(word[:MAX_WORD_CHARS])
        signs = self._signs(text, place)
        if signs is None:
            halves = text.split(BLEND) if len(text) <= 2 * MAX_NAME_CHARS else []
            if len(halves) == 2 and all(halves) and all(self._signs(half, place) for half in halves):
                return await self._blend(halves, place)
            shelves = await self._shelves_for(text, place)
            if found := self._by_name(text, shelves):
                signs = [found]
            elif len(halves) == 2 and all(halves):
                return await self._blend(halves, place)
            else:
                raise UnknownEmote(self._near(text, shelves, place), _down(shelves))
        if len(word) > MAX_WORD_CHARS and len(signs) <= MAX_EMOTES:
            raise UnknownEmote
        return signs

    async def _blend(self, halves: Sequence[str], place: Surroundings) -> list[Found]:
        """Of `😂🍕+💀` the neighbours of the plus; an overlay is laid on, not blended."""
        first, second = await self._read(halves[0], place), await self._read(halves[1], place)
        if not first or not second:
            raise UnknownEmote
        *before, left = first
        right, *after = second
        if left.overlay or right.overlay:
            return [*before, left, right, *after]
        both = replace(left, emote=replace(left.emote, blended=right.emote), flags=(*left.flags, *right.flags))
        return [*before, both, *after]

    def _signs(self, text: str, place: Surroundings) -> list[Found] | None:
        """The emotes of text that is nothing but markup, emoji and `:name:`; None if there is anything else in it."""
        signs, rest = self._split(text, place)
        return None if rest else signs

    def _split(self, text: str, place: Surroundings) -> tuple[list[Found], str]:
        """Those at its beginning, though hardly more than may be asked for, and the rest from where there are none."""
        signs: list[Found] = []
        at = 0
        while at < len(text) and len(signs) <= MAX_EMOTES:
            if is_glue(text[at]):
                at += 1
                continue
            sign = self._sign_at(text, at, place)
            if sign is None:
                return signs, text[at:]
            found, at = sign
            signs.append(found)
        return signs, ""

    def _sign_at(self, text: str, at: int, place: Surroundings) -> tuple[Found, int] | None:
        if markup := discord_emoji.markup_at(text, at):
            return Found(markup[0], "Discord"), markup[1]
        if found := self._unicode.emoji_at(text, at):
            key, end = found
            return self._drawable(key), end
        if named := _NAMED.match(text, at):
            if listed := place.nearby.exact(named["name"]):
                return self._taken(listed, SOURCE_NAMES[EmoteSource.DISCORD]), named.end()
            if (key_of_name := self._unicode.key_of_alias(named["name"])) is not None:
                return self._drawable(key_of_name), named.end()
        return None

    async def _shelves_for(self, text: str, place: Surroundings) -> list[Shelf]:
        """Only what decides about the name, so that nobody waits for the rest: what is right here, or if Unicode has
        it, what counts before that."""
        if place.nearby.exact(text):
            return [Shelf(EmoteSource.DISCORD, True, place.nearby)]
        if text == text.lower() and self._unicode.key_of_alias(text) is not None:
            return await self._library.own(place)
        return await self._all_shelves(place)

    async def _all_shelves(self, place: Surroundings) -> list[Shelf]:
        own, everybodys = await asyncio.gather(self._library.own(place), self._library.everybodys(place))
        return [*own, *everybodys]

    def _by_name(self, text: str, shelves: Sequence[Shelf]) -> Found | None:
        """None also where several differ in upper and lower case only."""
        bare = named["name"] if (named := _NAMED.fullmatch(text)) else text
        key = self._unicode.key_of_alias(bare)
        before = [shelf for shelf in shelves if shelf.is_own]
        after = [shelf for shelf in shelves if not shelf.is_own]
        if found := self._exactly((text, bare), before):
            return found
        if key is not None and bare == bare.lower():
            return self._drawable(key)
        if found := self._exactly((text, bare), after):
            return found
        similar = dict(_in_any_case(bare.casefold(), shelves))
        if key is not None:
            return None if similar else self._picked(self._drawable(key))
        if len(similar) == 1:
            listed, shelf = next(iter(similar.values()))
            return self._picked(self._taken(listed, shelf.label))
        return None

    def _exactly(self, spellings: Sequence[str], shelves: Sequence[Shelf]) -> Found | None:
        for shelf in shelves:
            for text in spellings:
                if shelf.catalogue is not None and (listed := shelf.catalogue.exact(text)):
                    return self._taken(listed, shelf.label)
        return None

    def _taken(self, listed: Listed, label: Value) -> Found:
        emote = Emote(listed.source, listed.id, self._guard.shown(listed.name), listed.animated)
        return Found(emote, label, listed.overlay, listed.flags, page_of(listed))

    def _picked(self, found: Found) -> Found:
        return replace(found, emote=replace(found.emote, picked=True))

    def _drawable(self, key: str) -> Found:
        """An emoji newer than the graphics is unknown here, but its name helps to find a neighbour."""
        if emote := self._unicode.emote(key):
            return Found(emote, SOURCE_NAMES[EmoteSource.UNICODE])
        raise UnknownEmote(self._unicode.nearest(self._unicode.name(key)))

    def _near(self, text: str, shelves: Sequence[Shelf], place: Surroundings) -> tuple[str, ...]:
        """Names that can be drawn here and look like `text`, best first."""
        _, rest = self._split(text, place)
        asked = named["name"] if (named := _NAMED.match(rest)) else rest.strip(":<>")
        if len(asked) > MAX_NAME_CHARS:
            return ()
        near: dict[str, None] = {}
        for _, folded in sorted(_scored(asked.casefold(), shelves), reverse=True):
            for listed, _ in dict(_in_any_case(folded, shelves)).values():
                is_drawn = set(listed.flags) <= place.allowed and place.wants(listed)
                if is_drawn and (shown := self._guard.shown(listed.name)):
                    near[shown] = None
        near |= dict.fromkeys(self._unicode.nearest(asked))
        return tuple(near)[:MAX_SUGGESTIONS]


def _with_blends(words: Sequence[str]) -> list[str]:
    """`😂 + 🍕` is one word."""
    joined: list[str] = []
    for word in words:
        before = joined[-1] if joined else BLEND
        if before != BLEND and len(before) < MAX_WORD_CHARS and (word == BLEND or before.endswith(BLEND)):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _in_any_case(folded: str, shelves: Sequence[Shelf]) -> Iterator[tuple[str, tuple[Listed, Shelf]]]:
    """By spelling; the first of the order comes last, so that a dictionary keeps it."""
    for shelf in reversed(shelves):
        for listed in shelf.catalogue.in_any_case(folded) if shelf.catalogue is not None else ():
            yield listed.name, (listed, shelf)


def _scored(asked: str, shelves: Sequence[Shelf]) -> Iterator[tuple[float, str]]:
    for shelf in shelves:
        names = shelf.catalogue.folded_names if shelf.catalogue is not None else ()
        hits = process.extract(asked, names, scorer=fuzz.ratio, score_cutoff=_NEAR_ENOUGH, limit=MAX_SUGGESTIONS)
        yield from ((score, name) for name, score, _ in hits)


def _down(shelves: Sequence[Shelf]) -> tuple[Value, ...]:
    """The sources that could not be asked, each once."""
    return tuple({shelf.source: shelf.source_name for shelf in shelves if shelf.catalogue is None}.values())
