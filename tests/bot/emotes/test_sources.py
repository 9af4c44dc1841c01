"""What each source's answers become, old shapes and new, whole and damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.emotes.catalogue import Catalogue, ContentFlag
from bot.emotes.library import Surroundings, picture_urls
from bot.emotes.unicode import UnicodeCatalogue
from bot.models import Emote, EmoteSource
from config.settings import load_settings
from tests.bot.emotes.shelves import CHANNEL, CHANNEL_ID, Shelves, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites

BTTV_CHANNEL = f"cached/users/twitch/{CHANNEL_ID}"
FFZ_CHANNEL = f"room/id/{CHANNEL_ID}"
SEVENTV_CHANNEL = f"users/twitch/{CHANNEL_ID}"
HELIX_CHANNEL = f"chat/emotes?broadcaster_id={CHANNEL_ID}"
SET_ID = "01GE2ZS5B00006VH1JZ8EXAMPLE"


@pytest.fixture
async def sites() -> AsyncIterator[EmoteSites]:
    async with EmoteSites() as running:
        yield running


@pytest.fixture
async def shelves(sites: EmoteSites, catalogue: UnicodeCatalogue) -> AsyncIterator[Shelves]:
    async with opened(sites, catalogue) as running:
        yield running


async def names(shelves: Shelves, source: EmoteSource, place: Surroundings = CHANNEL) -> list[list[str]]:
    """Of the source's shelves, the channel's first."""
    found = [*await shelves.library.own(place), *await shelves.library.everybodys(place)]
    return [[listed.name for listed in shelf.catalogue or ()] for shelf in found if shelf.source is source]


async def the_one(shelves: Shelves, name: str) -> Any:
    for shelf in [*await shelves.library.own(CHANNEL), *await shelves.library.everybodys(CHANNEL)]:
        if shelf.catalogue is not None and (listed := shelf.catalogue.exact(name)):
            return listed
    raise AssertionError(f"{name} is nowhere")


# -- BTTV -----------------------------------------------------------------------------------------------------------


async def test_bttv_has_global_channel_and_shared_emotes(shelves: Shelves, sites: EmoteSites) -> None:
    sites.bttv["cached/emotes/global"] = [shapes.bttv_emote(":tf:"), shapes.bttv_emote("CiGrip")]
    shared = (shapes.bttv_emote("(ditto)", animated=True, imageType="gif"),)
    sites.bttv[BTTV_CHANNEL] = shapes.bttv_channel(shapes.bttv_emote("FeelsDennyMan"), shared=shared)
    assert await names(shelves, EmoteSource.BTTV) == [["FeelsDennyMan", "(ditto)"], [":tf:", "CiGrip"]]
    assert (await the_one(shelves, "(ditto)")).animated


async def test_bttvs_hats_are_overlays_but_not_those_that_only_share_the_name(
    shelves: Shelves, sites: EmoteSites
) -> None:
    sites.bttv["cached/emotes/global"] = [shapes.bttv_emote("SantaHat"), shapes.bttv_emote("h!", modifier=True)]
    sites.bttv[BTTV_CHANNEL] = shapes.bttv_channel(shapes.bttv_emote("TopHat"))
    assert await names(shelves, EmoteSource.BTTV) == [["TopHat"], ["SantaHat"]]
    assert (await the_one(shelves, "SantaHat")).overlay
    assert not (await the_one(shelves, "TopHat")).overlay


# -- FFZ ------------------------------------------------------------------------------------------------------------


async def test_ffz_has_its_default_sets_and_nobodys_private_ones(shelves: Shelves, sites: EmoteSites) -> None:
    sites.ffz["set/global"] = shapes.ffz_global(
        shapes.ffz_emote("ZrehplaR", 9), private=(shapes.ffz_emote("Secret", 8),)
    )
    sites.ffz[FFZ_CHANNEL] = shapes.ffz_room(CHANNEL_ID, "forsen", shapes.ffz_emote("LULW", 139407))
    assert await names(shelves, EmoteSource.FFZ) == [["LULW"], ["ZrehplaR"]]


@pytest.mark.parametrize(
    ("sizes", "animated", "path"),
    [
        (("1", "2", "4"), False, "emote/7/4"),
        (("1", "2"), False, "emote/7/2"),
        (("1",), False, "emote/7/1"),
        (("1", "2", "4"), True, "emote/7/animated/4.webp"),
        (("1",), True, "emote/7/animated/1.webp"),
    ],
)
async def test_ffzs_largest_picture_is_taken(
    shelves: Shelves, sites: EmoteSites, sizes: tuple[str, ...], animated: bool, path: str
) -> None:
    sites.ffz["set/global"] = shapes.ffz_global(shapes.ffz_emote("LULW", 7, *sizes, animated=animated))
    (emote,) = await shelves.resolver.resolve(["LULW"])
    urls = picture_urls(sites.settings(load_settings()))[EmoteSource.FFZ](emote)
    assert urls == (f"{sites.url('ffz-cdn')}/{path}",)


async def test_ffz_emotes_without_any_picture_hidden_ones_and_effects_are_left_out(
    shelves: Shelves, sites: EmoteSites
) -> None:
    effect = shapes.ffz_emote("ffzSpin", 5, modifier=True, modifier_flags=1)
    hidden, bare = shapes.ffz_emote("Gone", 6, hidden=True), shapes.ffz_emote("Bare", 7, urls={"1": None})
    hat = shapes.ffz_emote("Hat", 8, modifier=True)
    sites.ffz["set/global"] = shapes.ffz_global(effect, hidden, bare, hat)
    assert await names(shelves, EmoteSource.FFZ, Surroundings()) == [["Hat"]]
    assert (await the_one(shelves, "Hat")).overlay


# -- 7TV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["old", "new", "both"])
async def test_7tv_users_are_read_with_the_set_in_them_and_without(
    shelves: Shelves, sites: EmoteSites, shape: str
) -> None:
    emotes = shapes.seventv_set(shapes.seventv_emote("PepeHands", sites.seventv_cdn))
    sites.seventv[f"emote-sets/{SET_ID}"] = emotes
    embedded = {"old": emotes, "new": None, "both": {"id": SET_ID, "name": "no emotes in here"}}[shape]
    sites.seventv[SEVENTV_CHANNEL] = shapes.seventv_user(CHANNEL_ID, set_id=SET_ID, embedded=embedded)
    assert await names(shelves, EmoteSource.SEVENTV) == [["PepeHands"], []]
    assert sites.asked[f"seventv/emote-sets/{SET_ID}"] == (0 if shape == "old" else 1)


async def test_a_7tv_user_without_a_set_and_one_whose_set_is_gone_have_no_emotes(
    shelves: Shelves, sites: EmoteSites
) -> None:
    sites.seventv[SEVENTV_CHANNEL] = shapes.seventv_user(CHANNEL_ID)
    sites.seventv["users/twitch/2"] = shapes.seventv_user("2", set_id=SET_ID)
    assert await names(shelves, EmoteSource.SEVENTV) == [[], []]
    assert await names(shelves, EmoteSource.SEVENTV, Surroundings(twitch_id="2")) == [[], []]


@pytest.mark.parametrize(
    ("changes", "flags", "overlay"),
    [
        ({}, (), False),
        ({"data_flags": 1 << 16}, (ContentFlag.SEXUAL,), False),
        ({"data_flags": 1 << 17 | 1 << 18}, (ContentFlag.EPILEPSY, ContentFlag.EDGY), False),
        ({"data_flags": 1 << 24}, (ContentFlag.TWITCH_DISALLOWED,), False),
        ({"listed": False}, (ContentFlag.UNLISTED,), False),
        ({"data_flags": 1 << 16, "listed": False}, (ContentFlag.SEXUAL, ContentFlag.UNLISTED), False),
        ({"data_flags": 1 << 8}, (), True),
        ({"flags": 1}, (), True),
        ({"data_flags": 1 << 30 | 1}, (), False),
    ],
)
async def test_7tvs_flags_are_understood_and_unknown_ones_ignored(
    shelves: Shelves, sites: EmoteSites, changes: dict[str, Any], flags: tuple[ContentFlag, ...], overlay: bool
) -> None:
    emote = shapes.seventv_emote("X", sites.seventv_cdn, **changes)
    sites.seventv["emote-sets/global"] = shapes.seventv_set(emote)
    listed = await the_one(shelves, "X")
    assert (listed.flags, listed.overlay) == (flags, overlay)


@pytest.mark.parametrize(
    "url", ["//evil.example/emote/{id}", "//{cdn}/emote/other", "https://evil.example/", "//{cdn}.evil/emote/{id}", ""]
)
async def test_7tv_emotes_whose_pictures_lie_elsewhere_are_left_out(
    shelves: Shelves, sites: EmoteSites, url: str
) -> None:
    elsewhere = shapes.seventv_emote("Elsewhere", sites.seventv_cdn)
    elsewhere["data"]["host"]["url"] = url.format(id=elsewhere["id"], cdn=sites.seventv_cdn.removeprefix("//"))
    sites.seventv["emote-sets/global"] = shapes.seventv_set(elsewhere, shapes.seventv_emote("Here", sites.seventv_cdn))
    assert await names(shelves, EmoteSource.SEVENTV, Surroundings()) == [["Here"]]


# -- Twitch ---------------------------------------------------------------------------------------------------------


async def test_twitch_is_asked_with_one_token_which_is_renewed_when_it_is_refused(
    shelves: Shelves, sites: EmoteSites
) -> None:
    sites.helix["chat/emotes/global"] = shapes.helix(shapes.twitch_emote("Kappa"))
    sites.helix[HELIX_CHANNEL] = shapes.helix(shapes.twitch_emote("forsenE", "static", "animated"))
    assert await names(shelves, EmoteSource.TWITCH) == [["forsenE"], ["Kappa"]]
    assert (await the_one(shelves, "forsenE")).animated
    assert sites.tokens == ["token0"]
    sites.tokens.append("another one in force")
    assert await names(shelves, EmoteSource.TWITCH, Surroundings(twitch_id="404")) == [[], ["Kappa"]]
    assert sites.tokens[-1] == "token2"


async def test_without_an_application_twitch_is_not_asked(sites: EmoteSites, catalogue: UnicodeCatalogue) -> None:
    async with opened(sites, catalogue, with_twitch=False) as shelves:
        assert await names(shelves, EmoteSource.TWITCH) == []
        assert EmoteSource.TWITCH not in shelves.library.states()


async def test_channels_are_found_by_name_through_twitch_else_through_ffz(
    shelves: Shelves, sites: EmoteSites, catalogue: UnicodeCatalogue
) -> None:
    sites.helix["users?login=forsen"] = shapes.helix(shapes.twitch_user("forsen", CHANNEL_ID))
    sites.helix["users?login=nobody"] = shapes.helix()
    sites.ffz["room/forsen"] = shapes.ffz_room(CHANNEL_ID, "forsen")
    assert await shelves.channels.twitch_id("@Forsen") == CHANNEL_ID
    assert await shelves.channels.twitch_id("nobody") is None
    async with opened(sites, catalogue, with_twitch=False) as others:
        assert await others.channels.twitch_id("forsen") == CHANNEL_ID
        assert await others.channels.twitch_id("nobody") is None


@pytest.mark.parametrize("login", ["", "a b", "../users", "forsen?x=1", "x" * 26, "fors\u00e9n", "f%2e", "🍕"])
async def test_what_cannot_be_a_channels_name_is_not_asked_for(shelves: Shelves, sites: EmoteSites, login: str) -> None:
    assert await shelves.channels.twitch_id(login) is None
    assert not sites.asked


# -- all of them ----------------------------------------------------------------------------------------------------


def damaged(good: dict[str, Any]) -> list[Any]:
    """Entries of no known shape, around a good one with a field nobody knows."""
    without_id = {name: value for name, value in good.items() if name != "id"}
    return [
        None,
        7,
        "text",
        [],
        {},
        without_id,
        good | {"id": "../../etc"},
        good | {"id": {}},
        good | {"new": {"x": 1}},
    ]


async def test_single_damaged_entries_cost_nobody_else(shelves: Shelves, sites: EmoteSites) -> None:
    sites.bttv["cached/emotes/global"] = damaged(shapes.bttv_emote("A"))
    sites.ffz["set/global"] = shapes.ffz_global(*damaged(shapes.ffz_emote("B", 3)))
    sites.seventv["emote-sets/global"] = shapes.seventv_set(*damaged(shapes.seventv_emote("C", sites.seventv_cdn)))
    sites.helix["chat/emotes/global"] = shapes.helix(*damaged(shapes.twitch_emote("D", "static", "hologram")))
    for source, name in zip(("BTTV", "FFZ", "SEVENTV", "TWITCH"), "ABCD", strict=True):
        assert await names(shelves, EmoteSource[source], Surroundings()) == [[name]]


async def test_channels_nobody_knows_and_empty_sets_are_no_failures(shelves: Shelves, sites: EmoteSites) -> None:
    for source in shelves.library.states():
        assert await names(shelves, source) == [[], []]
    assert {state.value for state in shelves.library.states().values()} == {"closed"}
    assert all(outcome in {"read", "absent"} for _, outcome in shelves.counted)


def test_of_two_with_one_name_the_first_counts_and_what_nobody_can_type_is_left_out() -> None:
    from bot.emotes.catalogue import Listed

    typed = ["LUL", "LUL", "", "a b", "tab\there", "x" * 101, "\u202eRTL", "Kà", "nul\0"]
    catalogue = Catalogue(Listed(EmoteSource.BTTV, str(at), name) for at, name in enumerate(typed))
    assert [listed.id for listed in catalogue] == ["0", "6", "7"]
    assert catalogue.exact("RTL")


@pytest.mark.parametrize(
    ("source", "emote_id", "animated", "path"),
    [
        (EmoteSource.BTTV, "58a9cde206e70d0465b2b47e", True, "bttv-cdn/emote/58a9cde206e70d0465b2b47e/3x.webp"),
        (EmoteSource.SEVENTV, "60ae2e3db2ecb01505c6f69d", False, "seventv-cdn/emote/60ae2e3db2ecb01505c6f69d/4x.webp"),
        (EmoteSource.TWITCH, "25", False, "twitch-cdn/emoticons/v2/25/static/dark/3.0"),
        (EmoteSource.TWITCH, "emotesv2_a", True, "twitch-cdn/emoticons/v2/emotesv2_a/animated/dark/3.0"),
    ],
)
async def test_picture_addresses_are_built_from_ids_and_settings(
    sites: EmoteSites, source: EmoteSource, emote_id: str, animated: bool, path: str
) -> None:
    urls = picture_urls(sites.settings(load_settings()))[source](Emote(source, emote_id, animated=animated))
    assert urls[0] == sites.url(path)
