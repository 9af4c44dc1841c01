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
from bot.models import Emote, EmoteSource, Origin, Platform, twitch_scope
from bot.store.database import open_database
from bot.texts import say
from tests.bot.emotes.shelves import CHANNEL_ID, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites
from tests.fakes.policies import policy_on

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
        policy = policy_on(engine, allowed_flags=sorted(flags))
        parts = ChatEmoteParts(shelves.resolver, shelves.completer, shelves.channels, policy, catalogue.faces())
        yield ChatEmotes(parts, Random(7))


@pytest.fixture
async def emotes(sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path) -> AsyncIterator[ChatEmotes]:
    async with chatting(sites, catalogue, tmp_path) as running:
        yield running


async def choose(emotes: ChatEmotes, **settings: list[str]) -> None:
    """What an admin of the server decides."""
    for name, value in settings.items():
        await emotes._parts.policy.set("guild", None, name, value, "admin")


async def names(emotes: ChatEmotes, text: str, origin: Origin = HERE) -> list[str | None]:
    return [emote.name for emote in await emotes.resolve(origin, text.split())]


async def test_a_twitch_channels_own_emotes_work_in_its_chat(emotes: ChatEmotes) -> None:
    there = Origin(Platform.TWITCH, twitch_scope(CHANNEL_ID), CHANNEL_ID, "user")
    assert await names(emotes, "forsenscoots LUL 😂", there) == ["forsenScoots", "LUL", "face with tears of joy"]


async def test_for_what_a_message_brings_along_nobody_is_asked(emotes: ChatEmotes, sites: EmoteSites) -> None:
    there = Origin(Platform.TWITCH, twitch_scope(CHANNEL_ID), CHANNEL_ID, "user")
    before = sites.asked.total()
    found = await emotes.resolve(there, ["Kappa"], Catalogue([Listed(EmoteSource.TWITCH, "25", "Kappa")]))
    assert found == (KAPPA,)
    assert sites.asked.total() == before


async def test_a_linked_channels_emotes_work_in_its_server_only_and_until_it_is_unlinked(emotes: ChatEmotes) -> None:
    await emotes.link_channel("guild", "Forsen", by_user_id="admin")
    assert await names(emotes, "forsenScoots") == ["forsenScoots"]
    with pytest.raises(UnknownEmote):
        await names(emotes, "forsenScoots", ELSEWHERE)
    await emotes.link_channel("guild", None, by_user_id="admin")
    with pytest.raises(UnknownEmote):
        await names(emotes, "forsenScoots")


async def test_what_was_chosen_outlives_a_restart(
    sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path
) -> None:
    async with chatting(sites, catalogue, tmp_path) as emotes:
        await emotes.link_channel("guild", "forsen", by_user_id="admin")
        await choose(emotes, allowed_flags=["epilepsy"])
    async with chatting(sites, catalogue, tmp_path) as emotes:
        assert await names(emotes, "forsenScoots Strobe") == ["forsenScoots", "Strobe"]


async def test_a_channel_nobody_knows_is_refused_and_changes_nothing(emotes: ChatEmotes, sites: EmoteSites) -> None:
    await emotes.link_channel("guild", "forsen", by_user_id="admin")
    with pytest.raises(UnknownChannel):
        await emotes.link_channel("guild", "../etc", by_user_id="admin")
    with pytest.raises(UnknownChannel):
        await emotes.link_channel("guild", "nobody_at_all", by_user_id="admin")
    sites.down("helix", "ffz")
    with pytest.raises(CatalogueDown):
        await emotes.link_channel("guild", "somebody", by_user_id="admin")
    assert await names(emotes, "forsenScoots") == ["forsenScoots"]


async def test_sources_are_switched_off_and_on_per_server(emotes: ChatEmotes) -> None:
    await choose(emotes, sources_off=["bttv", "ffz"])
    with pytest.raises(UnknownEmote):
        await names(emotes, "LUL")
    assert await names(emotes, "LUL", ELSEWHERE) == ["LUL"]
    await choose(emotes, sources_off=["ffz"])
    assert await names(emotes, "LUL") == ["LUL"]


async def test_marked_emotes_follow_the_server_else_the_instance(
    emotes: ChatEmotes, sites: EmoteSites, catalogue: UnicodeCatalogue, tmp_path: Path
) -> None:
    with pytest.raises(FlaggedEmote):
        await names(emotes, "Strobe")
    await choose(emotes, allowed_flags=["epilepsy"])
    assert await names(emotes, "Strobe") == ["Strobe"]
    await choose(emotes, allowed_flags=[])
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
    await choose(emotes, sources_off=["twitch"])
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
    assert say(explained.found.place) == "this server"


async def test_what_is_to_be_guessed_can_be_typed_and_is_unmarked(emotes: ChatEmotes) -> None:
    nearby = Catalogue(
        [
            Listed(EmoteSource.DISCORD, "1", "blobcat"),
            Listed(EmoteSource.DISCORD, "2", "123"),
            Listed(EmoteSource.DISCORD, "3", "ねこ"),
            Listed(EmoteSource.DISCORD, "4", "faggot"),
            Listed(EmoteSource.SEVENTV, "5", "Strobe", flags=(ContentFlag.EPILEPSY,)),
            Listed(EmoteSource.SEVENTV, "6", "RainTime", overlay=True),
        ]
    )
    await choose(emotes, allowed_flags=["epilepsy"])
    drawn = [await emotes.guessable(HERE, nearby) for _ in range(60)]
    assert {each.emote.name for each in drawn if each.emote.source is not EmoteSource.UNICODE} == {"blobcat"}
    assert all(each.emote.picked and each.emote.name in each.spellings for each in drawn)


async def test_favourites_are_to_be_guessed_if_people_here_have_them(emotes: ChatEmotes) -> None:
    foreign = Emote(EmoteSource.DISCORD, "99", "foreign")
    upload = Emote(EmoteSource.UPLOAD, "u", "upload")
    pizza = Emote(EmoteSource.UNICODE, "1f355", "pizza")
    emotes.note_use(HERE, [foreign, upload, pizza])
    names = {(await emotes.guessable(HERE)).emote.name for _ in range(60)}
    assert "pizza" in names
    assert not names & {"foreign", "upload"}


async def test_an_emoji_to_be_guessed_may_be_spelled_in_every_way(emotes: ChatEmotes) -> None:
    emotes.note_use(HERE, [Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")])
    drawn = [await emotes.guessable(HERE) for _ in range(60)]
    joy = next(each for each in drawn if each.emote.id == "1f602")
    assert {"😂", "joy", "face_with_tears_of_joy", "face with tears of joy"} <= set(joy.spellings)


async def test_what_is_blocked_is_neither_proposed_nor_picked_nor_to_be_guessed(emotes: ChatEmotes) -> None:
    async def proposed() -> set[str]:
        return {each.typed for text in ("fors", "pizz", "") for each in await emotes.complete(HERE, text)}

    await emotes.link_channel("guild", "forsen", by_user_id="admin")
    scoots, pizza = await emotes.resolve(HERE, ["forsenScoots", "🍕"])
    emotes.note_use(HERE, [scoots, pizza])
    assert {"forsenScoots", "🍕"} <= await proposed()
    for emote in (scoots, pizza):
        await emotes._parts.policy.blocking.block_emote("guild", emote, "admin")
    assert {"forsenScoots", "🍕"}.isdisjoint(await proposed())
    for _ in range(60):
        assert (await emotes.guessable(HERE)).emote.name not in {scoots.name, pizza.name}
        assert (await names(emotes, ""))[0] not in {scoots.name, pizza.name}
    with pytest.raises(UnknownEmote) as unknown:
        await emotes.resolve(HERE, ["forsenScoot"])
    assert "forsenScoots" not in unknown.value.suggestions


async def test_where_every_face_is_blocked_one_is_picked_all_the_same_and_refused_in_words(emotes: ChatEmotes) -> None:
    for face in emotes._parts.faces:
        await emotes._parts.policy.blocking.block_emote("guild", face, "admin")
    assert await names(emotes, "")
