"""What a chat has chosen, and its favourites; with the real store and the local sources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from bot.emotes.catalogue import Catalogue, ContentFlag, Listed
from bot.emotes.chat import MAX_REMEMBERED, ChatEmoteParts, ChatEmotes
from bot.emotes.unicode import UnicodeCatalogue
from bot.errors import CatalogueDown, FlaggedEmote, UnknownChannel, UnknownEmote
from bot.models import Emote, EmoteSource, Origin, Platform
from bot.store.database import open_database
from bot.store.scope_settings import ScopeSettings
from tests.bot.emotes.shelves import CHANNEL_ID, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites

HERE = Origin(Platform.DISCORD, "guild", "channel", "user")
ELSEWHERE = Origin(Platform.DISCORD, "other guild", "other channel", "user")
KAPPA = Emote(EmoteSource.TWITCH, "25", "Kappa")


@pytest.fixture
async def sites() -> AsyncIterator[EmoteSites]:
    async with EmoteSites() as running:
        running.helix["users?login=forsen"] = shapes.helix(shapes.twitch_user("forsen", CHANNEL_ID))
        running.bttv[f"cached/users/twitch/{CHANNEL_ID}"] = shapes.bttv_channel(shapes.bttv_emote("forsenScoots"))
        running.bttv["cached/emotes/global"] = [shapes.bttv_emote("LUL")]
        marked = shapes.seventv_emote("Strobe", running.seventv_cdn, data_flags=1 << 17)
        running.seventv["emote-sets/global"] = shapes.seventv_set(marked)
        yield running


@asynccontextmanager
async def chatting(
    sites: EmoteSites, catalogue: UnicodeCatalogue, folder: Path, **allowed: bool
) -> AsyncIterator[ChatEmotes]:
    """Twice in one folder is a restart. `allowed` are flags that the instance allows."""
    flags = frozenset(ContentFlag(name) for name in allowed)
    async with (
        open_database(f"sqlite+aiosqlite:///{folder / 'emoteface.db'}") as engine,
        opened(sites, catalogue) as shelves,
    ):
        parts = ChatEmoteParts(shelves.resolver, shelves.channels, ScopeSettings(engine), flags, catalogue.faces())
        yield ChatEmotes(parts, Random(7))


@pytest.fixture
async def emotes(sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path) -> AsyncIterator[ChatEmotes]:
    async with chatting(sites, catalogue, tmp_path) as running:
        yield running


async def names(emotes: ChatEmotes, text: str, origin: Origin = HERE) -> list[str | None]:
    return [emote.name for emote in await emotes.resolve(origin, text.split())]


async def test_a_linked_channels_emotes_work_in_its_server_only_and_until_it_is_unlinked(emotes: ChatEmotes) -> None:
    await emotes.link_channel("guild", "Forsen")
    assert await names(emotes, "forsenScoots") == ["forsenScoots"]
    with pytest.raises(UnknownEmote):
        await names(emotes, "forsenScoots", ELSEWHERE)
    await emotes.link_channel("guild", None)
    with pytest.raises(UnknownEmote):
        await names(emotes, "forsenScoots")


async def test_what_was_chosen_outlives_a_restart(
    sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path
) -> None:
    async with chatting(sites, catalogue, tmp_path) as emotes:
        await emotes.link_channel("guild", "forsen")
        await emotes.allow("guild", ContentFlag.EPILEPSY, allowed=True)
    async with chatting(sites, catalogue, tmp_path) as emotes:
        assert await names(emotes, "forsenScoots Strobe") == ["forsenScoots", "Strobe"]


async def test_a_channel_nobody_knows_is_refused_and_changes_nothing(emotes: ChatEmotes, sites: EmoteSites) -> None:
    await emotes.link_channel("guild", "forsen")
    with pytest.raises(UnknownChannel):
        await emotes.link_channel("guild", "../etc")
    with pytest.raises(UnknownChannel):
        await emotes.link_channel("guild", "nobody_at_all")
    sites.down("helix", "ffz")
    with pytest.raises(CatalogueDown):
        await emotes.link_channel("guild", "somebody")
    assert await names(emotes, "forsenScoots") == ["forsenScoots"]


async def test_sources_are_switched_off_and_on_per_server(emotes: ChatEmotes) -> None:
    await emotes.switch_source("guild", EmoteSource.BTTV, on=False)
    await emotes.switch_source("guild", EmoteSource.FFZ, on=False)
    with pytest.raises(UnknownEmote):
        await names(emotes, "LUL")
    assert await names(emotes, "LUL", ELSEWHERE) == ["LUL"]
    await emotes.switch_source("guild", EmoteSource.BTTV, on=True)
    assert await names(emotes, "LUL") == ["LUL"]


async def test_marked_emotes_follow_the_server_else_the_instance(
    emotes: ChatEmotes, sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path
) -> None:
    with pytest.raises(FlaggedEmote):
        await names(emotes, "Strobe")
    await emotes.allow("guild", ContentFlag.EPILEPSY, allowed=True)
    assert await names(emotes, "Strobe") == ["Strobe"]
    await emotes.allow("guild", ContentFlag.EPILEPSY, allowed=False)
    async with chatting(sites, catalogue, tmp_path, epilepsy=True) as lax:
        assert await names(lax, "Strobe", ELSEWHERE) == ["Strobe"]
        with pytest.raises(FlaggedEmote):  # the server has said no
            await names(lax, "Strobe")


async def test_a_chat_that_has_asked_for_nothing_yet_gets_some_face(
    emotes: ChatEmotes, catalogue: UnicodeCatalogue
) -> None:
    picks = {(await emotes.resolve(HERE, ()))[0] for _ in range(50)}
    assert len(picks) > 5
    assert all(pick.picked and pick.name and replace(pick, picked=False) in catalogue.faces() for pick in picks)


async def test_else_it_gets_one_of_its_favourites_the_liked_ones_more_often(emotes: ChatEmotes) -> None:
    lul = Emote(EmoteSource.BTTV, "1", "LUL")
    for _ in range(9):
        emotes.note_use(HERE, (KAPPA,))
    emotes.note_use(HERE, (lul, Emote(EmoteSource.DISCORD, "1"), replace(lul, picked=True, name="never")))
    picks = [(await emotes.resolve(HERE, ()))[0] for _ in range(200)]
    assert {pick.name for pick in picks} == {"Kappa", "LUL"}
    assert sum(pick.name == "Kappa" for pick in picks) > 120
    assert all(pick.picked for pick in picks)
    assert (await emotes.resolve(ELSEWHERE, ()))[0].source is EmoteSource.UNICODE


async def test_favourites_of_a_source_that_is_off_are_not_picked(emotes: ChatEmotes) -> None:
    emotes.note_use(HERE, (KAPPA,))
    await emotes.switch_source("guild", EmoteSource.TWITCH, on=False)
    assert (await emotes.resolve(HERE, ()))[0].source is EmoteSource.UNICODE


async def test_only_so_many_emotes_of_a_channel_are_remembered(emotes: ChatEmotes) -> None:
    for number in range(10 * MAX_REMEMBERED):
        emotes.note_use(HERE, (Emote(EmoteSource.BTTV, str(number), f"emote{number}"),))
    (used,) = emotes._used.values()
    assert len(used) == MAX_REMEMBERED


async def test_the_servers_own_emoji_count_and_are_explained(emotes: ChatEmotes) -> None:
    nearby = Catalogue([Listed(EmoteSource.DISCORD, "1" * 18, "LUL")])
    assert [emote.source for emote in await emotes.resolve(HERE, ("LUL",), nearby)] == [EmoteSource.DISCORD]
    explained = await emotes.explain(HERE, "LUL", nearby)
    assert explained.found is not None
    assert explained.found.place == "this server"
