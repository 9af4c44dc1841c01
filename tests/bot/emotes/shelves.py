"""A library read from the local sources, with a clock that tests move."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.emotes.completion import Completer
from bot.emotes.download import guarded_connector
from bot.emotes.library import ChannelFinder, Library, Surroundings, open_library
from bot.emotes.links import followed
from bot.emotes.names import NameGuard
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.models import EmoteSource
from config.settings import load_settings
from tests.fakes.emotes.sites import EmoteSites

CHANNEL_ID = "22484632"
CHANNEL = Surroundings(twitch_id=CHANNEL_ID)


@dataclass(slots=True)
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(slots=True)
class Shelves:
    """An open library and everything around it."""

    sites: EmoteSites
    library: Library
    channels: ChannelFinder
    resolver: Resolver
    completer: Completer
    clock: Clock
    counted: Counter[tuple[EmoteSource, str]] = field(default_factory=Counter)

    async def ids(self, text: str, place: Surroundings = CHANNEL) -> str:
        """The emotes as `source:name`."""
        emotes = await self.resolver.resolve(text.split(), place)
        return " ".join(f"{emote.source.value}:{emote.name}" for emote in emotes)


@asynccontextmanager
async def opened(
    sites: EmoteSites, catalogue: UnicodeCatalogue, *, with_twitch: bool = True, **emotes: Any
) -> AsyncIterator[Shelves]:
    """`emotes` changes settings of that section."""
    settings = sites.settings(load_settings(), with_twitch=with_twitch)
    clock, counted = Clock(), Counter[tuple[EmoteSource, str]]()
    async with (
        aiohttp.ClientSession(connector=guarded_connector()) as session,
        open_library(
            session,
            settings.emotes.model_copy(update={"catalogue_timeout_s": 20, **emotes}),
            settings.twitch,
            count=lambda source, outcome: counted.update([(source, outcome)]),
            clock=clock,
        ) as found,
    ):
        resolver = Resolver(catalogue, found.library, NameGuard(settings.emotes.blocked_words), followed([], []))
        completer = Completer(resolver, found.library, catalogue)
        yield Shelves(sites, found.library, found.channels, resolver, completer, clock, counted)
