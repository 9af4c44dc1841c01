"""What people really type, against catalogues like a real channel's: expected emotes, in order, or who refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.emotes.catalogue import Catalogue, ContentFlag, Listed
from bot.emotes.library import Surroundings
from bot.emotes.unicode import UnicodeCatalogue
from bot.errors import FlaggedEmote, OverlayAlone, RequestRefused, TooManyEmotes, UnknownEmote
from bot.models import EmoteSource
from bot.texts import Value, joined, say
from tests.bot.emotes.shelves import CHANNEL_ID, Shelves, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites

SERVER = Catalogue(
    [
        Listed(EmoteSource.DISCORD, "111111111111111111", "serverOnly"),
        Listed(EmoteSource.DISCORD, "222222222222222222", "PogChamp"),
        Listed(EmoteSource.DISCORD, "333333333333333333", "joy_server"),
        Listed(EmoteSource.DISCORD, "444444444444444444", "skull"),
    ]
)
HERE = Surroundings(nearby=SERVER, twitch_id=CHANNEL_ID)
JOY, PIZZA, SKULL = "unicode:face with tears of joy", "unicode:pizza", "discord:skull"
NAUGHTY = "retardSmile"


def said(value: Value) -> str:
    return say(joined([value]))


def furnished(sites: EmoteSites) -> None:
    """The names that all sources have say by their spelling who is to win."""
    bttv, ffz, cdn = shapes.bttv_emote, shapes.ffz_emote, sites.seventv_cdn

    def seventv(name: str, **changes: int) -> dict[str, object]:
        return shapes.seventv_emote(name, cdn, **changes)

    sites.bttv["cached/emotes/global"] = [
        *map(bttv, (":tf:", "(ditto)", "LUL", "FeelsBadMan", "Clap", "M&Mjc", "R+", "all7", "all6", "SantaHat"))
    ]
    sites.ffz["set/global"] = shapes.ffz_global(
        ffz("ZrehplaR", 9), ffz("all7", 10), ffz("BeanieHipster", 11), ffz("LilZ", 12), ffz("all6", 13)
    )
    sites.seventv["emote-sets/global"] = shapes.seventv_set(
        seventv("EZ"), seventv("PETPET", flags=1), seventv("RainTime", data_flags=1 << 8), seventv("all7"),
        seventv("all6"), seventv("pizza"),
    )  # fmt: skip
    sites.bttv[f"cached/users/twitch/{CHANNEL_ID}"] = shapes.bttv_channel(
        bttv("FeelsDennyMan"), bttv("all6"), bttv("all5"), shared=(bttv("KKona"),)
    )
    sites.ffz[f"room/id/{CHANNEL_ID}"] = shapes.ffz_room(
        CHANNEL_ID, "streamer", ffz("LULW", 20), ffz("all5", 21), ffz("all4", 22), ffz("monkaS", 23), ffz("hmm", 24)
    )
    sites.seventv[f"users/twitch/{CHANNEL_ID}"] = shapes.seventv_user(
        CHANNEL_ID,
        embedded=shapes.seventv_set(
            *map(seventv, ("PepeHands", "catJAM", "all4", "all3", "monkaS", "Hmm", "clap2", "fire", NAUGHTY)),
            seventv("Lewd", data_flags=1 << 16), seventv("Strobe", data_flags=1 << 17),
        ),
    )  # fmt: skip
    sites.helix["chat/emotes/global"] = shapes.helix(
        *map(shapes.twitch_emote, ("Kappa", "PogChamp", ":)", "<3", "LUL", "all3", "D:", "8-)"))
    )
    sites.helix[f"chat/emotes?broadcaster_id={CHANNEL_ID}"] = shapes.helix(
        *map(shapes.twitch_emote, ("streamerHype", "all3", "streamerGG"))
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shelves(catalogue: UnicodeCatalogue) -> AsyncIterator[Shelves]:
    async with EmoteSites() as sites:
        furnished(sites)
        async with opened(sites, catalogue) as running:
            yield running


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        # exactly as spelled, from every source
        ("Kappa", "twitch:Kappa"),
        ("streamerHype", "twitch:streamerHype"),
        ("FeelsBadMan", "bttv:FeelsBadMan"),
        ("FeelsDennyMan", "bttv:FeelsDennyMan"),
        ("KKona", "bttv:KKona"),
        ("ZrehplaR", "ffz:ZrehplaR"),
        ("LULW", "ffz:LULW"),
        ("EZ", "seventv:EZ"),
        ("PepeHands", "seventv:PepeHands"),
        ("serverOnly", "discord:serverOnly"),
        # the order of the sources
        ("PogChamp", "discord:PogChamp"),
        ("LUL", "twitch:LUL"),
        ("monkaS", "seventv:monkaS"),
        ("all3", "twitch:all3"),
        ("all4", "seventv:all4"),
        ("all5", "ffz:all5"),
        ("all6", "bttv:all6"),
        ("all7", "seventv:all7"),
        # names that are hardly names
        (":tf:", "bttv::tf:"),
        ("(ditto)", "bttv:(ditto)"),
        ("M&Mjc", "bttv:M&Mjc"),
        (":)", "twitch::)"),
        ("<3", "twitch:<3"),
        ("D:", "twitch:D:"),
        ("8-)", "twitch:8-)"),
        ("R+", "bttv:R+"),
        # phones and padding
        ("kappa", "twitch:Kappa"),
        ("Pepehands", "seventv:PepeHands"),
        ("CATJAM", "seventv:catJAM"),
        ("Serveronly", "discord:serverOnly"),
        ("ez", "seventv:EZ"),
        ("Kappa\U000e0000", "twitch:Kappa"),
        ("\u2066Kappa\u2069", "twitch:Kappa"),
        ("Hmm", "seventv:Hmm"),
        ("hmm", "ffz:hmm"),
        # emoji, and words that are both
        ("😂", JOY),
        (":joy:", JOY),
        ("joy", JOY),
        ("Joy", JOY),
        (":Joy:", JOY),
        ("pizza", PIZZA),
        ("clap", "unicode:clapping hands"),
        ("Clap", "bttv:Clap"),
        ("fire", "seventv:fire"),
        (":fire:", "unicode:fire"),
        ("skull", SKULL),
        (":skull:", SKULL),
        ("💀", "unicode:skull"),
        (":joy_server:", "discord:joy_server"),
        (":serverOnly:😂", f"discord:serverOnly {JOY}"),
        (":Kappa:", "twitch:Kappa"),
        (":kappa:", "twitch:Kappa"),
        # several
        ("Kappa 😂", f"twitch:Kappa {JOY}"),
        ("😂🍕 LUL", f"{JOY} {PIZZA} twitch:LUL"),
        ("Kappa Kappa Kappa Kappa", "twitch:Kappa twitch:Kappa twitch:Kappa twitch:Kappa"),
        ("<:Kappa:123456789012345678> Kappa", "discord:None twitch:Kappa"),
        # a name not fit to be shown is drawn without it
        (NAUGHTY, "seventv:None"),
    ],
)
async def test_what_is_typed_becomes_these_emotes(shelves: Shelves, typed: str, expected: str) -> None:
    assert await shelves.ids(typed, HERE) == expected


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("PepeHands RainTime", ("PepeHands", "RainTime")),
        ("PepeHands RainTime PETPET", ("PepeHands", "RainTime", "PETPET")),
        ("😂 SantaHat", ("face with tears of joy", "SantaHat")),
        ("PepeHands+RainTime", ("PepeHands", "RainTime")),
        ("😂+🍕", ("face with tears of joy", "pizza")),
        ("😂 + 🍕", ("face with tears of joy", "pizza")),
        ("Kappa+😂", ("Kappa", "face with tears of joy")),
        ("kappa+pepehands", ("Kappa", "PepeHands")),
        ("😂+🍕 RainTime", ("face with tears of joy", "pizza", "RainTime")),
        (":joy:+:pizza:", ("face with tears of joy", "pizza")),
    ],
)
async def test_what_belongs_together_is_one_emote(shelves: Shelves, typed: str, names: tuple[str | None, ...]) -> None:
    (emote,) = await shelves.resolver.resolve(typed.split(), HERE)
    assert tuple(part.name for part in emote.parts) == names


@pytest.mark.parametrize("typed", ["RainTime", "RainTime PepeHands", "PETPET+PepeHands", "raintime"])
async def test_an_overlay_with_nothing_under_it_is_refused(shelves: Shelves, typed: str) -> None:
    with pytest.raises(OverlayAlone):
        await shelves.resolver.resolve(typed.split(), HERE)


@pytest.mark.parametrize(
    "typed", ["Kappa LUL EZ catJAM RainTime", "😂+🍕 💀+👀 🔥", "Kappa" + " RainTime" * 4, "😂+🍕+💀+👀+🔥"]
)
async def test_what_is_composed_counts_too(shelves: Shelves, typed: str) -> None:
    with pytest.raises((TooManyEmotes, UnknownEmote)):
        await shelves.resolver.resolve(typed.split(), HERE)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("Kapa", "Kappa"),
        ("kapppa", "Kappa"),
        ("PepeHand", "PepeHands"),
        ("catJM", "catJAM"),
        ("FeelsBadMann", "FeelsBadMan"),
        ("CLAP", "Clap"),
        ("HMM", "Hmm"),
        ("HMM", "hmm"),
        ("piza", "pizza"),
        ("strmerHype", "streamerHype"),
        ("😂kapa", "Kappa"),
    ],
)
async def test_the_nearest_names_are_offered(shelves: Shelves, typed: str, suggested: str) -> None:
    with pytest.raises(UnknownEmote) as refused:
        await shelves.resolver.resolve([typed], HERE)
    assert suggested in refused.value.suggestions
    assert 1 <= len(refused.value.suggestions) <= 3
    assert refused.value.down == ()


@pytest.mark.parametrize("typed", ["Lewdd", "retardSmil", "zzqxv", "+", "a+", "+😂", "@everyone"])
async def test_what_may_not_be_drawn_or_named_is_not_offered(shelves: Shelves, typed: str) -> None:
    with pytest.raises(UnknownEmote) as refused:
        await shelves.resolver.resolve([typed], HERE)
    assert not {"Lewd", NAUGHTY} & set(refused.value.suggestions)


@pytest.mark.parametrize(("typed", "flag"), [("Lewd", ContentFlag.SEXUAL), ("strobe", ContentFlag.EPILEPSY)])
async def test_marked_emotes_are_drawn_only_where_they_are_allowed(
    shelves: Shelves, typed: str, flag: ContentFlag
) -> None:
    for together in (typed, f"😂+{typed}", f"{typed}+😂", f"😂 {typed}"):
        with pytest.raises(FlaggedEmote) as refused:
            await shelves.resolver.resolve(together.split(), HERE)
        assert refused.value.flags == (flag,)
    allowed = Surroundings(twitch_id=CHANNEL_ID, allowed=frozenset({flag}))
    assert (await shelves.resolver.resolve([typed], allowed))[0].source is EmoteSource.SEVENTV


@pytest.mark.parametrize(
    ("typed", "picked"),
    [("Kappa", False), ("kappa", True), ("joy", False), ("JOY", True), (":JOY:", False), ("😂", False), ("EZ", False)],
)
async def test_only_another_spelling_is_told(shelves: Shelves, typed: str, picked: bool) -> None:
    (emote,) = await shelves.resolver.resolve([typed], HERE)
    assert emote.picked is picked


async def test_elsewhere_the_channel_does_not_count_and_sources_can_be_off(shelves: Shelves) -> None:
    with pytest.raises(UnknownEmote):
        await shelves.ids("PepeHands", Surroundings())
    assert await shelves.ids("LUL", Surroundings(sources=frozenset({EmoteSource.BTTV}))) == "bttv:LUL"
    assert await shelves.ids("all3", Surroundings(sources=frozenset({EmoteSource.SEVENTV}), twitch_id=CHANNEL_ID))
    with pytest.raises(UnknownEmote):
        await shelves.ids("EZ", Surroundings(sources=frozenset()))


@pytest.mark.parametrize(
    ("typed", "place", "page"),
    [
        ("Kappa", "Twitch (global)", None),
        ("streamergg", "Twitch (channel)", None),
        ("LULW", "FFZ (channel)", "https://www.frankerfacez.com/emoticon/20"),
        ("serverOnly", "this server", None),
        ("😂", "emoji", None),
        ("joy", "emoji", None),
        ("<:Kappa:123456789012345678>", "Discord", None),
        ("Lewd", "7TV (channel)", f"https://7tv.app/emotes/{shapes.seventv_emote('Lewd')['id']}"),
        ("EZ", "7TV (global)", f"https://7tv.app/emotes/{shapes.seventv_emote('EZ')['id']}"),
    ],
)
async def test_an_emote_is_explained(shelves: Shelves, typed: str, place: str, page: str | None) -> None:
    explained = await shelves.resolver.explain(typed, HERE)
    assert explained.found is not None
    assert (said(explained.found.place), explained.found.page) == (place, page)
    assert tuple(map(said, explained.searched)) == (
        "this server",
        "Twitch (channel)",
        "Twitch (global)",
        "7TV (channel)",
        "FFZ (channel)",
        "BTTV (channel)",
        "7TV (global)",
        "FFZ (global)",
        "BTTV (global)",
        "emoji",
    )


async def test_what_nobody_knows_is_explained_too(shelves: Shelves) -> None:
    explained = await shelves.resolver.explain("Kapa", Surroundings())
    assert explained.found is None
    assert "Kappa" in explained.near
    for typed in ("🫫", "", "\u200d", "x" * 10_000, "+"):
        assert (await shelves.resolver.explain(typed)).found is None


PIECES = st.sampled_from(
    [
        "Kappa",
        "kappa",
        "RainTime",
        "Lewd",
        "😂",
        "🍕",
        ":joy:",
        ":",
        "+",
        "<:a:123456789012345678>",
        "LUL",
        "\u200d",
        "é",
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=5).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=200)
@given(words=st.lists(TEXTS, max_size=4))
async def test_any_text_gives_safe_emotes_or_a_refusal(shelves: Shelves, words: list[str]) -> None:
    try:
        emotes = await shelves.resolver.resolve(words, HERE)
    except RequestRefused:
        return
    parts = [part for emote in emotes for part in emote.parts]
    assert 1 <= len(parts) <= 4
    assert all(part.name is None or part.name.isprintable() for part in parts)
    assert all(part.name is not None or part.source is EmoteSource.DISCORD for part in parts)
