"""What words mean where they are said: the server's own choices, its Twitch channel, and what it draws most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from cachetools import LRUCache

from bot.emotes.catalogue import EMPTY, Catalogue, ContentFlag
from bot.emotes.library import CATALOGUED, ChannelFinder, Surroundings
from bot.emotes.resolver import Explanation, Resolver
from bot.emotes.source_api import SourceDown
from bot.errors import CatalogueDown, UnknownChannel
from bot.models import Emote, EmoteSource, Origin
from bot.store.scope_settings import ScopeSettings

V = TypeVar("V")

MAX_CHANNELS = 2000  # whose favourites are remembered
MAX_REMEMBERED = 100  # emotes of one channel
FAVOURITES = 10  # among which one is picked

_CHANNEL, _SOURCES_OFF, _ALLOWED = "emotes.twitch_id", "emotes.sources_off", "emotes.allowed_flags"


@dataclass(frozen=True, slots=True)
class ChatEmoteParts:
    """What this works with. `faces` are what to draw in a chat that has not asked for anything yet."""

    resolver: Resolver
    channels: ChannelFinder
    scope_settings: ScopeSettings
    allowed_flags: frozenset[ContentFlag]
    faces: Sequence[Emote]


class ChatEmotes:
    """One per process. Favourites are in memory: they are a joke, not a record."""

    def __init__(self, parts: ChatEmoteParts, random: Random | None = None) -> None:
        self._parts = parts
        self._random = random or Random()
        self._used: LRUCache[tuple[str, str], Counter[Emote]] = LRUCache(MAX_CHANNELS)

    async def resolve(self, origin: Origin, words: Sequence[str], nearby: Catalogue = EMPTY) -> tuple[Emote, ...]:
        """The emotes of the words, as `Resolver.resolve`; without words, one of the chat's favourites."""
        place = await self._place(origin.scope_id, nearby)
        return await self._parts.resolver.resolve(words, place) if words else (self._favourite(origin, place),)

    async def explain(self, origin: Origin, word: str, nearby: Catalogue = EMPTY) -> Explanation:
        """Where a word leads to in this chat."""
        return await self._parts.resolver.explain(word, await self._place(origin.scope_id, nearby))

    def note_use(self, origin: Origin, emotes: Iterable[Emote]) -> None:
        """Remember what was asked for; what we picked ourselves does not count."""
        used = self._used.setdefault((origin.platform.value, origin.channel_id), Counter())
        used.update(emote for emote in emotes if emote.name and not emote.picked and len(emote.parts) == 1)
        for emote, _ in used.most_common()[MAX_REMEMBERED:]:
            del used[emote]

    async def link_channel(self, scope_id: str, login: str | None) -> None:
        """From now on the emotes of this Twitch channel count in the scope; None: of none.

        Raise UnknownChannel or CatalogueDown.
        """
        twitch_id = None
        if login is not None:
            try:
                twitch_id = await self._parts.channels.twitch_id(login)
            except SourceDown:
                raise CatalogueDown from None
            if twitch_id is None:
                raise UnknownChannel
        await self._parts.scope_settings.set(scope_id, _CHANNEL, twitch_id)

    async def switch_source(self, scope_id: str, source: EmoteSource, *, on: bool) -> None:
        """Whether the source's emotes are looked for in the scope."""
        off = {source.value for source in CATALOGUED} - {s.value for s in (await self._place(scope_id)).sources}
        off = off - {source.value} if on else off | {source.value}
        await self._parts.scope_settings.set(scope_id, _SOURCES_OFF, sorted(off) or None)

    async def allow(self, scope_id: str, flag: ContentFlag, *, allowed: bool) -> None:
        """Whether emotes marked like this are drawn in the scope."""
        flags = set((await self._place(scope_id)).allowed)
        flags = flags | {flag} if allowed else flags - {flag}
        await self._parts.scope_settings.set(scope_id, _ALLOWED, sorted(flags))

    async def _place(self, scope_id: str, nearby: Catalogue = EMPTY) -> Surroundings:
        chosen = await self._parts.scope_settings.all(scope_id)
        off = _known(CATALOGUED, chosen.get(_SOURCES_OFF, ()))
        allowed = _known(ContentFlag, chosen[_ALLOWED]) if _ALLOWED in chosen else self._parts.allowed_flags
        return Surroundings(nearby, chosen.get(_CHANNEL), frozenset(CATALOGUED) - off, frozenset(allowed))

    def _favourite(self, origin: Origin, place: Surroundings) -> Emote:
        used = self._used.get((origin.platform.value, origin.channel_id), Counter())
        off = frozenset(CATALOGUED) - place.sources
        usable = [(emote, count) for emote, count in used.most_common() if emote.source not in off][:FAVOURITES]
        if not usable:
            return replace(self._random.choice(self._parts.faces), picked=True)
        [(emote, _)] = self._random.choices(usable, [count for _, count in usable])
        return replace(emote, picked=True)


def _known(values: Iterable[V], stored: Iterable[str]) -> frozenset[V]:
    """Those of `values` that are stored; another version of the program may have known others."""
    names = set(stored)
    return frozenset(value for value in values if value in names)
