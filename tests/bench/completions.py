"""How fast names are completed as somebody types: five warm catalogues of a thousand emotes each, and Unicode.

With all that happens for a letter but Discord itself: what the server has chosen is read from SQLite, 25 choices are
searched, and each is looked up to be sure that it means what it says.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bot.emotes.chat import ChatEmoteParts, ChatEmotes
from bot.emotes.completion import Completer
from bot.emotes.download import guarded_connector
from bot.emotes.library import OpenLibrary, open_library
from bot.emotes.links import followed
from bot.emotes.names import NameGuard
from bot.emotes.resolver import Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.models import Origin, Platform
from bot.policy.policy import Policy
from bot.store.database import open_database
from config.settings import load_settings
from tests.bench.catalogues import CHANNEL, filled
from tests.fakes.emotes.sites import EmoteSites
from tests.fakes.policies import policy_on

HERE = Origin(Platform.DISCORD, "guild", "channel", "user")
TEXTS = 1000
LIMIT_MS = 100


async def measure(progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Milliseconds a letter: the first with nothing in memory, then the median, p99 and slowest of many."""
    settings, unicode = load_settings(), UnicodeCatalogue.load()
    async with EmoteSites() as sites, aiohttp.ClientSession(connector=guarded_connector()) as session:
        names = filled(sites)
        here = sites.settings(settings)
        with TemporaryDirectory() as folder:
            async with (
                open_library(session, here.emotes, here.twitch, count=lambda source, outcome: None) as found,
                open_database(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}") as engine,
            ):
                policy = policy_on(engine)
                await policy.set(HERE.scope_id, None, "twitch_channel", {"id": CHANNEL.twitch_id}, HERE.user_id)
                emotes = _chat(found, unicode, policy)
                progress("completing names")
                cold_ms = await _letter_ms(emotes, names[0][:3])
                await found.library.own(CHANNEL)
                await found.library.everybodys(CHANNEL)
                texts = typed(names, list(unicode.typed), random.Random(1))
                took = sorted([await _letter_ms(emotes, text) for text in texts])
    percentiles = quantiles(took, n=100)
    return {
        "emotes": len(names), "emoji_names": len(unicode.typed), "texts": len(texts), "cold_ms": round(cold_ms, 1),
        "median_ms": round(percentiles[49], 2), "p99_ms": round(percentiles[98], 2), "max_ms": round(took[-1], 2),
    }  # fmt: skip


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    return (
        f"Completing a word over {measured['emotes']:,} emotes and {measured['emoji_names']:,} names of emoji, "
        f"{measured['texts']:,} times: median {measured['median_ms']:.1f} ms, p99 {measured['p99_ms']:.1f} ms, "
        f"slowest {measured['max_ms']:.1f} ms (wanted: under {LIMIT_MS}); "
        f"with nothing in memory the first took {measured['cold_ms']:.0f} ms\n"
    )


def typed(names: Sequence[str], emoji: Sequence[str], order: random.Random) -> list[str]:
    """The beginnings, middles and misspellings of names, alone or after other emotes."""
    texts = []
    for number in range(TEXTS):
        name = order.choice(names if number % 2 else emoji)
        start, length = order.choice((0, 0, 0, len(name) // 2)), order.randint(1, 8)
        part = name[start : start + length]
        if number % 5 == 0:
            part = part[:1] + part[2:3] + part[1:2] + part[3:]
        texts.append(order.choice(("", "😂 ", "style:real TwitchEmote1 ")) + part)
    return texts


def _chat(found: OpenLibrary, unicode: UnicodeCatalogue, policy: Policy) -> ChatEmotes:
    guard = NameGuard(load_settings().emotes.blocked_words)
    resolver = Resolver(unicode, found.library, guard, followed([], []))
    completer = Completer(resolver, found.library, unicode)
    return ChatEmotes(ChatEmoteParts(resolver, completer, found.channels, policy, unicode.faces()))


async def _letter_ms(emotes: ChatEmotes, text: str) -> float:
    began = time.perf_counter()
    await emotes.complete(HERE, text)
    return (time.perf_counter() - began) * 1000
