"""All catalogues together: which of them count for a chat, in which order, and what they say about a name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import aiohttp

from bot.emotes import bttv, discord_emoji, ffz, seventv, stickers, twitch
from bot.emotes.breaker import BreakerState
from bot.emotes.catalogue import EMPTY, Catalogue, ContentFlag, Listed
from bot.emotes.source_api import Kept, SourceApi, SourceDown, Surfing, memory_for
from bot.models import Emote, EmoteId, EmoteSource
from bot.texts import Text, Value, joined
from config.settings import EmotesSettings, Settings
from config.twitch import TwitchSettings

SOURCE_NAMES: Mapping[EmoteSource, str | Text] = {
    EmoteSource.DISCORD: Text("this server"),
    EmoteSource.TWITCH: "Twitch",
    EmoteSource.SEVENTV: "7TV",
    EmoteSource.FFZ: "FFZ",
    EmoteSource.BTTV: "BTTV",
    EmoteSource.UNICODE: Text("emoji"),
}
CATALOGUED = (EmoteSource.TWITCH, EmoteSource.SEVENTV, EmoteSource.FFZ, EmoteSource.BTTV)
"""The sources one can switch on and off, first the one whose emote counts where several have the name."""

PictureUrls: TypeAlias = Mapping[EmoteSource, Callable[[Emote], tuple[str, ...]]]

PATIENCE_S = 0.3
"""How long a catalogue that is not in memory is waited for where an answer now is worth more than a complete one."""

_PAGES = {EmoteSource.BTTV: bttv.page_url, EmoteSource.FFZ: ffz.page_url, EmoteSource.SEVENTV: seventv.page_url}


class Source(Protocol):
    """One of the sites; both methods raise SourceDown."""

    source: EmoteSource
    api: SourceApi

    async def everywhere(self) -> Catalogue: ...

    async def of_channel(self, twitch_id: str) -> Catalogue: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a word is said: the emoji of the server itself, the Twitch channel (its id) whose emotes count, the
    sources in use, which flagged emotes are allowed, and which emotes are not wanted: those are never proposed."""

    nearby: Catalogue = EMPTY
    twitch_id: str | None = None
    sources: frozenset[EmoteSource] = frozenset(CATALOGUED)
    allowed: frozenset[ContentFlag] = frozenset()
    blocked: frozenset[EmoteId] = frozenset()

    def wants(self, emote: Emote | Listed) -> bool:
        """Whether it may be proposed."""
        return (emote.source, emote.id) not in self.blocked


@dataclass(frozen=True, slots=True)
class Shelf:
    """A catalogue in its place; None when its source is down and nothing is known from before."""

    source: EmoteSource
    of_channel: bool
    catalogue: Catalogue | None

    @property
    def is_own(self) -> bool:
        """Whether it counts before the names of Unicode emoji."""
        return self.of_channel or self.source is EmoteSource.TWITCH

    @property
    def source_name(self) -> Value:
        """The source's, for people."""
        return SOURCE_NAMES[self.source]

    @property
    def label(self) -> Text:
        """The whole, for people."""
        if self.source is EmoteSource.DISCORD:
            return joined([self.source_name])
        named = {"source": self.source_name}
        return Text("{source} (channel)", named) if self.of_channel else Text("{source} (global)", named)


class Library:
    """Every source that is switched on. `own` shelves are the server's, the channel's and Twitch's; the others are
    everybody's."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sorted(sources, key=lambda source: CATALOGUED.index(source.source))

    def states(self) -> dict[EmoteSource, BreakerState]:
        """How each source is."""
        return {source.source: source.api.breaker.state for source in self._sources}

    async def own(self, place: Surroundings, patience_s: float | None = None) -> list[Shelf]:
        """What counts before the names of Unicode emoji, in order. A catalogue that is not there after `patience_s`
        counts as down; it goes on being read for the next who asks."""
        wanted: list[tuple[Source, str | None]] = []
        for source in self._in_use(place):
            if place.twitch_id:
                wanted.append((source, place.twitch_id))
            if source.source is EmoteSource.TWITCH:
                wanted.append((source, None))
        nearby = [Shelf(EmoteSource.DISCORD, True, place.nearby)] if len(place.nearby) else []
        return [*nearby, *await _loaded(wanted, patience_s)]

    async def everybodys(self, place: Surroundings, patience_s: float | None = None) -> list[Shelf]:
        """What counts after them; `patience_s` as for `own`."""
        wanted = [(source, None) for source in self._in_use(place) if source.source is not EmoteSource.TWITCH]
        return await _loaded(wanted, patience_s)

    async def at_hand(self, place: Surroundings) -> list[Shelf]:
        """All of them, soon."""
        own, everybodys = await asyncio.gather(self.own(place, PATIENCE_S), self.everybodys(place, PATIENCE_S))
        return [*own, *everybodys]

    def _in_use(self, place: Surroundings) -> list[Source]:
        return [source for source in self._sources if source.source in place.sources]


async def _loaded(wanted: Sequence[tuple[Source, str | None]], patience_s: float | None) -> list[Shelf]:
    """All at once: the slowest decides, and it has its timeout."""
    found = await asyncio.gather(*(_catalogue(source, twitch_id, patience_s) for source, twitch_id in wanted))
    return [
        Shelf(source.source, twitch_id is not None, catalogue)
        for (source, twitch_id), catalogue in zip(wanted, found, strict=True)
    ]


async def _catalogue(source: Source, twitch_id: str | None, patience_s: float | None) -> Catalogue | None:
    try:
        async with asyncio.timeout(patience_s):
            return await (source.everywhere() if twitch_id is None else source.of_channel(twitch_id))
    except (SourceDown, TimeoutError):
        return None


class ChannelFinder:
    """From the name of a Twitch channel to its id: Twitch knows them all, FFZ those that use it."""

    def __init__(self, asked: Sequence[Callable[[str], Awaitable[str | None]]]) -> None:
        self._asked = asked

    async def twitch_id(self, login: str) -> str | None:
        """None for what is no channel as far as anybody knows. Raise SourceDown when nobody could be asked."""
        login = login.lower().removeprefix("@")
        if not twitch.LOGIN.fullmatch(login):
            return None
        down = 0
        for ask in self._asked:
            try:
                if found := await ask(login):
                    return found
            except SourceDown:
                down += 1
        if down:
            raise SourceDown
        return None


@dataclass(frozen=True, slots=True)
class OpenLibrary:
    """What `open_library` gives."""

    library: Library
    channels: ChannelFinder


@asynccontextmanager
async def open_library(
    session: aiohttp.ClientSession,
    emotes: EmotesSettings,
    twitch_settings: TwitchSettings,
    *,
    count: Callable[[EmoteSource, str], None],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[OpenLibrary]:
    """Requests run in the background until the block ends."""
    async with asyncio.TaskGroup() as tasks:
        flying: set[asyncio.Task[Kept | None]] = set()

        def start(flight: Coroutine[Any, Any, Kept | None]) -> asyncio.Task[Kept | None]:
            task = tasks.create_task(flight)
            flying.add(task)
            task.add_done_callback(flying.discard)
            return task

        surfing = Surfing(
            session, memory_for(emotes.max_catalogued), start, clock,
            timeout_s=emotes.catalogue_timeout_s, refresh_s=emotes.catalogue_refresh_s, count=count,
        )  # fmt: skip
        yield _built(surfing, emotes, twitch_settings)
        for task in flying:
            task.cancel()


def _built(surfing: Surfing, emotes: EmotesSettings, settings: TwitchSettings) -> OpenLibrary:
    sources: list[Source] = []
    finders: list[Callable[[str], Awaitable[str | None]]] = []
    if settings.client_id and settings.client_secret:
        token = twitch.AppToken(
            surfing.session, settings.id_url,
            client_id=settings.client_id, client_secret=settings.client_secret, clock=surfing.clock,
        )  # fmt: skip
        helix = twitch.Twitch(SourceApi(EmoteSource.TWITCH, settings.helix_url, surfing, token))
        sources.append(helix)
        finders.append(helix.twitch_id)
    if emotes.seventv.enabled:
        api = SourceApi(EmoteSource.SEVENTV, emotes.seventv.api_url, surfing)
        sources.append(seventv.SevenTv(api, emotes.seventv.cdn_url))
    if emotes.ffz.enabled:
        frankerfacez = ffz.Ffz(SourceApi(EmoteSource.FFZ, emotes.ffz.api_url, surfing))
        sources.append(frankerfacez)
        finders.append(frankerfacez.twitch_id)
    if emotes.bttv.enabled:
        sources.append(bttv.Bttv(SourceApi(EmoteSource.BTTV, emotes.bttv.api_url, surfing)))
    return OpenLibrary(Library(sources), ChannelFinder(finders))


def page_of(listed: Listed | Emote) -> str | None:
    """Where people can see an emote on its source's own site."""
    page_url = _PAGES.get(listed.source)
    return page_url(listed.id) if page_url else None


def picture_urls(settings: Settings) -> PictureUrls:
    """How to find an emote's picture, by source; of several addresses the first is the best. What is in no catalogue
    is its own address."""
    emotes, twitch_cdn = settings.emotes, settings.twitch.cdn_url
    discord_cdn, discord_media = settings.discord.cdn_url, settings.discord.media_url
    addresses = (EmoteSource.LINK, EmoteSource.ATTACHMENT, EmoteSource.AVATAR, EmoteSource.SERVER_ICON)
    return {
        EmoteSource.DISCORD: lambda emote: (discord_emoji.picture_url(discord_cdn, emote),),
        EmoteSource.STICKER: lambda emote: stickers.picture_urls(discord_cdn, discord_media, emote),
        EmoteSource.TWITCH: lambda emote: twitch.picture_urls(twitch_cdn, emote),
        EmoteSource.BTTV: lambda emote: bttv.picture_urls(emotes.bttv.cdn_url, emote),
        EmoteSource.FFZ: lambda emote: ffz.picture_urls(emotes.ffz.cdn_url, emote),
        EmoteSource.SEVENTV: lambda emote: seventv.picture_urls(emotes.seventv.cdn_url, emote),
        **{source: lambda emote: (emote.id,) for source in addresses},
    }
