"""What words mean where they are said: the server's own choices, its Twitch channel, and what it draws most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from cachetools import LRUCache

from bot.emotes.catalogue import EMPTY, Catalogue, ContentFlag, Listed
from bot.emotes.completion import Completer, Suggestion
from bot.emotes.library import CATALOGUED, ChannelFinder, Surroundings
from bot.emotes.names import can_be_typed
from bot.emotes.resolver import Explanation, Resolver
from bot.emotes.source_api import SourceDown
from bot.errors import CatalogueDown, UnknownChannel
from bot.models import Emote, EmoteSource, Origin, broadcaster_of
from bot.policy.policy import Policy
from config.servers import TwitchChannel

MAX_CHANNELS = 2000  # whose favourites are remembered
MAX_REMEMBERED = 100  # emotes of one channel
FAVOURITES = 10  # among which one is picked
_DRAWS = 20  # … until one can be typed


@dataclass(frozen=True, slots=True)
class Guessable:
    """An emote to guess, and all the ways to write it."""

    emote: Emote
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChatEmoteParts:
    """What this works with. `faces` are what to draw in a chat that has not asked for anything yet."""

    resolver: Resolver
    completer: Completer
    channels: ChannelFinder
    policy: Policy
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

    async def guessable(self, origin: Origin, nearby: Catalogue = EMPTY) -> Guessable:
        """One that people here know and can name: a favourite, else one of the chat's own emotes or a known face.

        What is marked in any way is left out, allowed or not: nobody asked for this very emote.
        """
        place = await self._place(origin.scope_id, nearby)
        harmless, faces = await self._parts.resolver.harmless(place), self._faces(place)
        used = self._used.get((origin.platform.value, origin.channel_id), Counter())
        known = {(listed.source, listed.id) for listed in harmless}
        of_unicode = {e for e in used if e.source is EmoteSource.UNICODE and place.wants(e)}
        favourites = [e for e in used if e in of_unicode or (e.source, e.id) in known]
        pools: list[Sequence[Emote | Listed]] = [pool for pool in (favourites, harmless, faces) if pool]
        for _ in range(_DRAWS):
            drawn = self._random.choice(self._random.choice(pools))
            emote = self._parts.resolver.named(drawn) if isinstance(drawn, Listed) else drawn
            if emote is not None and can_be_typed(emote.name or ""):
                break
        else:
            emote = self._random.choice(faces)
        return Guessable(replace(emote, picked=True), self._parts.resolver.spellings(emote))

    async def complete(self, origin: Origin, text: str, nearby: Catalogue = EMPTY) -> tuple[Suggestion, ...]:
        """What somebody in this chat may be about to type."""
        favourites = [emote for emote, _ in self._uses(origin).most_common(FAVOURITES)]
        return await self._parts.completer.complete(text, await self._place(origin.scope_id, nearby), favourites)

    async def named_in(self, origin: Origin, text: str, nearby: Catalogue = EMPTY) -> tuple[str, ...]:
        """The catalogues' emotes in something that somebody said."""
        return await self._parts.completer.named_in(text, await self._place(origin.scope_id, nearby))

    def shown_name(self, name: str) -> str | None:
        """What of a name that somebody chose may be shown; None for nothing."""
        return self._parts.resolver.shown_name(name)

    def note_use(self, origin: Origin, emotes: Iterable[Emote]) -> None:
        """Remember what was asked for; what we picked ourselves does not count."""
        used = self._used.setdefault((origin.platform.value, origin.channel_id), Counter())
        used.update(emote for emote in emotes if emote.name and not emote.picked and len(emote.parts) == 1)
        for emote, _ in used.most_common()[MAX_REMEMBERED:]:
            del used[emote]

    async def link_channel(self, scope_id: str, login: str | None, *, by_user_id: str) -> None:
        """From now on the emotes of this Twitch channel count in the scope; None: of none.

        Raise UnknownChannel or CatalogueDown.
        """
        channel = None
        if login is not None:
            try:
                twitch_id = await self._parts.channels.twitch_id(login)
            except SourceDown:
                raise CatalogueDown from None
            if twitch_id is None:
                raise UnknownChannel
            channel = TwitchChannel(id=twitch_id, login=login.lower()).model_dump()
        await self._parts.policy.set(scope_id, None, "twitch_channel", channel, by_user_id)

    async def _place(self, scope_id: str, nearby: Catalogue = EMPTY) -> Surroundings:
        here = await self._parts.policy.effective(scope_id)
        off = frozenset(map(EmoteSource, here.sources_off))
        allowed = frozenset(map(ContentFlag, here.allowed_flags or ()))
        twitch_id = broadcaster_of(scope_id) or (here.twitch_channel.id if here.twitch_channel else None)
        blocked = await self._parts.policy.blocking.emotes(scope_id)
        return Surroundings(nearby, twitch_id, frozenset(CATALOGUED) - off, allowed, blocked)

    def _favourite(self, origin: Origin, place: Surroundings) -> Emote:
        used = self._uses(origin)
        off = frozenset(CATALOGUED) - place.sources
        usable = [(e, count) for e, count in used.most_common() if e.source not in off and place.wants(e)][:FAVOURITES]
        if not usable:
            return replace(self._random.choice(self._faces(place)), picked=True)
        [(emote, _)] = self._random.choices(usable, [count for _, count in usable])
        return replace(emote, picked=True)

    def _faces(self, place: Surroundings) -> Sequence[Emote]:
        """All of them where each is blocked: what is drawn is refused in words then."""
        return [face for face in self._parts.faces if place.wants(face)] or self._parts.faces

    def _uses(self, origin: Origin) -> Counter[Emote]:
        return self._used.get((origin.platform.value, origin.channel_id), Counter())
