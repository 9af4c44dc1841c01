"""The last word of what somebody types, completed; with catalogues read from the local sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from bot.command import parse_command
from bot.emotes.catalogue import Catalogue, ContentFlag, Listed
from bot.emotes.completion import MAX_CHARS, MAX_SUGGESTIONS
from bot.emotes.library import Surroundings
from bot.emotes.unicode import UnicodeCatalogue
from bot.models import Emote, EmoteSource
from inference.protocol import FaceOptions
from tests.bot.emotes.shelves import CHANNEL, CHANNEL_ID, Shelves, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites
from tests.polling import PATIENCE_S

OWN = Listed(EmoteSource.DISCORD, "112233445566778899", "peepoHere")
DANCE = Listed(EmoteSource.DISCORD, "112233445566778800", "dance", animated=True)
SERVER = Surroundings(Catalogue([OWN, DANCE]), CHANNEL_ID)


@pytest.fixture
async def sites() -> AsyncIterator[EmoteSites]:
    async with EmoteSites() as running:
        running.helix["chat/emotes/global"] = shapes.helix(*map(shapes.twitch_emote, ("Kappa", "KappaPride", ":)")))
        strobe = shapes.seventv_emote("peepoStrobe", running.seventv_cdn, data_flags=1 << 17)
        hat = shapes.seventv_emote("peepoHat", running.seventv_cdn, data_flags=1 << 8)
        running.seventv["emote-sets/global"] = shapes.seventv_set(
            strobe, hat, shapes.seventv_emote("peepoHappy", running.seventv_cdn)
        )
        rude, option, blend = map(shapes.bttv_emote, ("peepoF4ggot", "x:peepo", "peepo+1"))
        running.bttv["cached/emotes/global"] = [shapes.bttv_emote("catJAM"), rude, option, blend]
        running.bttv[f"cached/users/twitch/{CHANNEL_ID}"] = shapes.bttv_channel(
            shapes.bttv_emote("peepoLongName"), shapes.bttv_emote("wideKappa")
        )
        yield running


@pytest.fixture
async def shelves(sites: EmoteSites, catalogue: UnicodeCatalogue) -> AsyncIterator[Shelves]:
    async with opened(sites, catalogue) as found:
        await found.library.own(CHANNEL)
        await found.library.everybodys(CHANNEL)
        yield found


async def typed(
    shelves: Shelves, text: str, place: Surroundings = SERVER, favourites: Sequence[Emote] = ()
) -> list[str]:
    return [found.typed for found in await shelves.completer.complete(text, place, favourites)]


async def test_names_that_begin_alike_come_first_then_those_with_it_inside(shelves: Shelves) -> None:
    assert (await typed(shelves, "kappa"))[:3] == ["Kappa", "KappaPride", "wideKappa"]


async def test_of_equals_the_servers_and_channels_come_before_everybodys(shelves: Shelves) -> None:
    assert await typed(shelves, "peepo") == ["<:peepoHere:112233445566778899>", "peepoLongName", "peepoHappy"]


@pytest.mark.parametrize(("text", "expected"), [("kapap", "Kappa"), ("catjma", "catJAM"), ("PEEPOHAPY", "peepoHappy")])
async def test_a_slip_of_the_finger_still_finds_it(shelves: Shelves, text: str, expected: str) -> None:
    assert (await typed(shelves, text))[0] == expected


async def test_emoji_are_found_by_any_of_their_names(shelves: Shelves) -> None:
    assert (await typed(shelves, "joy"))[0] == "😂"
    assert "😂" in await typed(shelves, "tears of joy".replace(" ", "_"))
    assert (await typed(shelves, ":heart"))[0] == "❤️"
    assert (await typed(shelves, "flag_j"))[0] in {"🇯🇵", "🇯🇲", "🇯🇴", "🇯🇪"}


async def test_only_the_last_word_is_completed(shelves: Shelves) -> None:
    texts = await shelves.completer.complete("😂 Kappa style:real pee", SERVER, ())
    assert texts[0].typed == "😂 Kappa style:real <:peepoHere:112233445566778899>"
    assert texts[0].shown == "😂 Kappa style:real :peepoHere:"


async def test_what_people_read_means_what_is_asked_for(shelves: Shelves) -> None:
    """They may go on typing after a choice, and then it is the shown text that counts."""
    for text in ("", "p", "kap", "dan", "cat", "joy", "pizza", "Kappa pee"):
        found = await shelves.completer.complete(text, SERVER, [Emote(EmoteSource.TWITCH, "1", "gone")])
        assert found
        for suggestion in found:
            shown = parse_command(suggestion.shown, FaceOptions()).words
            asked = parse_command(suggestion.typed, FaceOptions()).words
            emotes = [await shelves.resolver.resolve(words, SERVER) for words in (shown, asked)]
            assert [(e.source, e.id) for e in emotes[0]] == [(e.source, e.id) for e in emotes[1]]
            assert sum(len(emote.parts) for emote in emotes[0]) == len(text.split()[:-1]) + 1


async def test_animated_emoji_of_the_server_are_asked_for_as_such(shelves: Shelves) -> None:
    assert (await typed(shelves, "danc"))[0] == "<a:dance:112233445566778800>"


async def test_flagged_emotes_are_offered_where_they_are_allowed_only(shelves: Shelves) -> None:
    assert "peepoStrobe" not in await typed(shelves, "peepoS")
    allowing = Surroundings(twitch_id=CHANNEL_ID, allowed=frozenset({ContentFlag.EPILEPSY}))
    assert "peepoStrobe" in await typed(shelves, "peepoS", allowing)


async def test_an_overlay_is_offered_when_there_is_something_below_it(shelves: Shelves) -> None:
    assert "peepoHat" not in await typed(shelves, "peepoH")
    assert "😂 peepoHat" in await typed(shelves, "😂 peepoH")


async def test_names_that_may_not_be_shown_or_mean_something_else_are_left_out(shelves: Shelves) -> None:
    found = await typed(shelves, "peepo")
    assert not {"peepoF4ggot", "x:peepo", "peepo+1"} & set(found)


async def test_a_source_that_is_off_gives_nothing(shelves: Shelves) -> None:
    assert "catJAM" in await typed(shelves, "catJ")
    assert "catJAM" not in await typed(shelves, "catJ", Surroundings(sources=frozenset({EmoteSource.SEVENTV})))


async def test_nothing_typed_gets_the_favourites_then_the_chats_own_then_faces(shelves: Shelves) -> None:
    kappa = await shelves.resolver.resolve(["Kappa", "🍕"], SERVER)
    found = await typed(shelves, "", favourites=kappa)
    assert found[:4] == ["Kappa", "🍕", "<:peepoHere:112233445566778899>", "<a:dance:112233445566778800>"]
    assert found[4:6] == ["peepoLongName", "wideKappa"]
    assert len(found) == MAX_SUGGESTIONS
    assert (await typed(shelves, "Kappa ", favourites=kappa[1:]))[0] == "Kappa 🍕"


@pytest.mark.parametrize("word", ["😂", "❤", "<:peepoHere:112233445566778899>", "x:3", "https://cdn.7tv.app/emote/1"])
async def test_what_is_complete_comes_back_as_it_is(shelves: Shelves, word: str) -> None:
    assert (await typed(shelves, f"Kappa {word}"))[0] == f"Kappa {word}"


@pytest.mark.parametrize("text", ["qqzx9", "::", "x" * 101, "y" * 100])
async def test_where_there_is_nothing_to_offer_nothing_is(shelves: Shelves, text: str) -> None:
    assert await typed(shelves, text) == []


async def test_texts_stay_as_short_as_a_choice_may_be(shelves: Shelves) -> None:
    start = "😂 " + "Kappa " * 14
    found = await typed(shelves, start + "p")
    assert found
    assert all(len(text) <= MAX_CHARS and not text.endswith(">") for text in found)


async def test_cold_catalogues_are_not_waited_for_and_there_for_later_letters(
    sites: EmoteSites, catalogue: UnicodeCatalogue
) -> None:
    sites.down("bttv", hold=True)
    async with opened(sites, catalogue) as cold:
        await cold.library.everybodys(Surroundings(sources=frozenset({EmoteSource.SEVENTV})))
        found = await typed(cold, "pee")
        assert "peepoHappy" in found
        assert "peepoLongName" not in found
        sites.trouble.pop("bttv").released.set()
        async with asyncio.timeout(PATIENCE_S):
            while "peepoLongName" not in await typed(cold, "pee"):
                await asyncio.sleep(0.01)


async def test_a_source_that_is_down_takes_nothing_but_its_own_names(
    sites: EmoteSites, catalogue: UnicodeCatalogue
) -> None:
    sites.down("bttv", "ffz", "seventv", "helix")
    async with opened(sites, catalogue) as cold:
        assert (await typed(cold, "pee"))[0] == "<:peepoHere:112233445566778899>"


async def test_emotes_named_in_talk_are_found_as_they_are_spelled(shelves: Shelves) -> None:
    talk = "Kappa that joy was kappa pizza peepoHat peepoStrobe peepoF4ggot catJAM Kappa 😂 <:x:123456789012345678>"
    assert await shelves.completer.named_in(talk, SERVER) == ("Kappa", "catJAM")
