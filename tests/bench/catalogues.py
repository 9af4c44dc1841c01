"""How fast names are found in warm catalogues: five of a thousand emotes each, read from the local sources."""

from __future__ import annotations

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.emotes.download import guarded_connector
from bot.emotes.library import Library, Surroundings, open_library
from bot.emotes.links import followed
from bot.emotes.names import NameGuard
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.errors import UnknownEmote
from config.settings import load_settings
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites

CHANNEL = Surroundings(twitch_id="22484632")
EACH = 1000
NAMES = 10_000
MISSES = 200  # names nobody knows: slower, because all others are compared with them


async def measure(progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Look-ups a second by kind, and the memory of the catalogues."""
    settings, unicode = load_settings(), UnicodeCatalogue.load()
    async with EmoteSites() as sites, aiohttp.ClientSession(connector=guarded_connector()) as session:
        names = filled(sites)
        here = sites.settings(settings)
        async with open_library(session, here.emotes, here.twitch, count=lambda source, outcome: None) as found:
            progress("reading catalogues")
            memory_mb = await _memory_of_reading(found.library)
            resolver = Resolver(unicode, found.library, NameGuard(here.emotes.blocked_words), followed([], []))
            order = random.Random(1).choices(names, k=NAMES)
            rates = {}
            for kind, asked in (
                ("exact", order),
                ("any case", [name.lower() for name in order]),
                ("unknown", [f"{name}zq" for name in order[:MISSES]]),
            ):
                progress(f"{len(asked)} names, {kind}")
                rates[kind] = await _rate(resolver, asked)
    return {"catalogues": 5, "emotes": len(names), "lookups_per_s": rates, "memory_mb": memory_mb}


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    rates = ", ".join(f"{kind} {rate:,.0f}/s" for kind, rate in measured["lookups_per_s"].items())
    return (
        f"Names in {measured['catalogues']} warm catalogues, {measured['emotes']:,} emotes: {rates}; "
        f"the catalogues take {measured['memory_mb']:.1f} MB\n"
    )


def filled(sites: EmoteSites) -> list[str]:
    """The names of everything, `EACH` in each of five catalogues."""
    names = [
        f"{kind}Emote{number}" for kind in ("Twitch", "Seven", "Franker", "Better", "Own") for number in range(EACH)
    ]
    twitch, seven, franker, better, own = (names[at : at + EACH] for at in range(0, 5 * EACH, EACH))
    channel = CHANNEL.twitch_id or ""
    sites.helix["chat/emotes/global"] = shapes.helix(*map(shapes.twitch_emote, twitch))
    emotes = shapes.seventv_set(*(shapes.seventv_emote(name, sites.seventv_cdn) for name in seven))
    sites.seventv[f"users/twitch/{channel}"] = shapes.seventv_user(channel, embedded=emotes)
    room = (shapes.ffz_emote(name, number + 1) for number, name in enumerate(franker))
    sites.ffz[f"room/id/{channel}"] = shapes.ffz_room(channel, "bench", *room)
    sites.bttv["cached/emotes/global"] = [shapes.bttv_emote(name) for name in better]
    sites.bttv[f"cached/users/twitch/{channel}"] = shapes.bttv_channel(*map(shapes.bttv_emote, own))
    return names


async def _memory_of_reading(library: Library) -> float:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await library.own(CHANNEL)
    await library.everybodys(CHANNEL)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round((after - before) / 1e6, 1)


async def _rate(resolver: Resolver, names: list[str]) -> float:
    """The median of five turns."""
    rates = []
    for _ in range(5):
        began = time.perf_counter()
        for name in names:
            try:
                await resolver.resolve((name,), CHANNEL)
            except UnknownEmote:
                continue
        rates.append(len(names) / (time.perf_counter() - began))
    return round(statistics.median(rates))
