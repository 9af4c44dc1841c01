import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.emotes.resolver import MAX_EMOTES, Resolver
from bot.emotes.unicode import UnicodeCatalogue
from bot.errors import LinkNotAllowed, NothingToDraw, RequestRefused, TooManyEmotes, UnknownEmote
from bot.models import Emote, EmoteSource

KAPPA = "<:Kappa:123456789012345678>"
DANCE = "<a:catDance:876543210987654321098>"
RTL, ZALGO = "\u202e", "\u0336\u0301"


async def ids(resolver: Resolver, text: str) -> str:
    return " ".join(emote.id for emote in await resolver.resolve(text.split()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # plain emoji
        ("😂", "1f602"),
        ("🍕", "1f355"),
        ("💩", "1f4a9"),
        ("🫠", "1fae0"),
        ("😂🍕", "1f602 1f355"),
        ("😂 🍕", "1f602 1f355"),
        ("😂😂", "1f602 1f602"),
        ("😂🍕💀👀", "1f602 1f355 1f480 1f440"),
        # text and emoji presentation: selectors missing, given, superfluous, wrong
        ("❤️", "2764"),
        ("❤", "2764"),
        ("❤︎", "2764"),
        ("☺️", "263a"),
        ("☺", "263a"),
        ("™️", "2122"),
        ("©", "a9"),
        ("😂️", "1f602"),
        ("😂︎", "1f602"),
        ("👁️‍🗨️", "1f441-200d-1f5e8"),
        ("👁‍🗨", "1f441-200d-1f5e8"),
        ("❤️‍🔥", "2764-fe0f-200d-1f525"),
        ("❤‍🔥", "2764-fe0f-200d-1f525"),
        # keycaps
        ("1️⃣", "31-20e3"),
        ("1⃣", "31-20e3"),
        ("#️⃣*️⃣0️⃣", "23-20e3 2a-20e3 30-20e3"),
        # flags
        ("🇩🇪", "1f1e9-1f1ea"),
        ("🇩🇪🇫🇷", "1f1e9-1f1ea 1f1eb-1f1f7"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1f3f4-e0067-e0062-e0065-e006e-e0067-e007f"),
        ("🏳️‍🌈", "1f3f3-fe0f-200d-1f308"),
        ("🏳‍🌈", "1f3f3-fe0f-200d-1f308"),
        ("🏴‍☠️", "1f3f4-200d-2620-fe0f"),
        ("🇽", "1f1fd"),
        ("🇽🇾", "1f1fd 1f1fe"),
        ("🏴󠁵󠁳󠁴󠁸󠁿", "1f3f4"),
        # skin tones and joined sequences
        ("👍🏽", "1f44d-1f3fd"),
        ("👋🏿👋🏻", "1f44b-1f3ff 1f44b-1f3fb"),
        ("🍕🏽", "1f355 1f3fd"),
        ("👨‍👩‍👧‍👦", "1f468-200d-1f469-200d-1f467-200d-1f466"),
        ("👨👩👧", "1f468 1f469 1f467"),
        ("🤦🏽‍♀️", "1f926-1f3fd-200d-2640-fe0f"),
        ("🤦🏽‍♀", "1f926-1f3fd-200d-2640-fe0f"),
        ("🧑🏻‍🤝‍🧑🏿", "1f9d1-1f3fb-200d-1f91d-200d-1f9d1-1f3ff"),
        ("🐻‍❄️", "1f43b-200d-2744-fe0f"),
        ("😂‍🍕", "1f602 1f355"),
        ("👨🏽‍👩🏽‍👧🏽", "1f468-1f3fd 1f469-1f3fd 1f467-1f3fd"),
        # names
        ("joy", "1f602"),
        ("JOY", "1f602"),
        (":joy:", "1f602"),
        (":Joy::PIZZA:", "1f602 1f355"),
        ("face_with_tears_of_joy", "1f602"),
        ("face-with-tears-of-joy", "1f602"),
        (":face_with_tears_of_joy:", "1f602"),
        ("pizza skull", "1f355 1f480"),
        (":heart:", "2764"),
        ("thumbsup", "1f44d"),
        (":+1:", "1f44d"),
        ("-1", "1f44e"),
        ("100", "1f4af"),
        (":dog:", "1f436"),
        ("cat", "1f431"),
        (":sunglasses:", "1f60e"),
        ("Germany", "1f1e9-1f1ea"),
        (":flag_de:", "1f1e9-1f1ea"),
        ("Côte_d’Ivoire", "1f1e8-1f1ee"),
        ("cote_d'ivoire", "1f1e8-1f1ee"),
        ("curacao", "1f1e8-1f1fc"),
        ("keycap_#", "23-20e3"),
        ("regional_indicator_x", "1f1fd"),
        ("thumbs_up_medium-dark_skin_tone", "1f44d-1f3fe"),
        # Discord markup
        (KAPPA, "123456789012345678"),
        (DANCE, "876543210987654321098"),
        (KAPPA + DANCE, "123456789012345678 876543210987654321098"),
        (f"😂🍕{KAPPA}", "1f602 1f355 123456789012345678"),
        (f"{KAPPA}❤️{KAPPA}", "123456789012345678 2764 123456789012345678"),
        (f"{KAPPA}:joy:", "123456789012345678 1f602"),
        # what nobody sees
        (f"{RTL}😂", "1f602"),
        (f"😂{ZALGO}", "1f602"),
        ("\u200b🍕\ufeff", "1f355"),
        ("😂\U000e0000", "1f602"),
        ("p\u200bizza", "1f355"),
        (f"p{ZALGO}i{ZALGO}zza", "1f355"),
    ],
)
async def test_words_become_emotes(resolver: Resolver, text: str, expected: str) -> None:
    assert await ids(resolver, text) == expected


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("piza", "pizza"),
        ("pizzza", "pizza"),
        (":joi:", "joy"),
        ("laugh", "laughing"),
        ("crying", "crying_face"),
        ("thumbs", "thumbs_up"),
        ("heart_eye", "heart_eyes"),
        ("scull", "skull"),
        ("sad", "sad_but_relieved_face"),
        ("joy😂", "joy"),
        (":Piza:😂", "pizza"),
    ],
)
async def test_an_unknown_name_is_answered_with_near_ones(resolver: Resolver, text: str, suggestion: str) -> None:
    with pytest.raises(UnknownEmote) as refused:
        await resolver.resolve([text])
    assert suggestion in refused.value.suggestions
    assert len(refused.value.suggestions) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "pogchampion",
        "asdfghjkl",
        "?",
        "<@123456789012345678>",
        "@everyone",
        "漢字",
        "😂x" * 300,
        "x" * 100_000,
        "../../etc/passwd",
        "<script>alert(1)</script>",
        ":::::",
    ],
)
async def test_what_is_near_nothing_gets_no_suggestions(resolver: Resolver, text: str) -> None:
    with pytest.raises(UnknownEmote) as refused:
        await resolver.resolve([text])
    assert refused.value.suggestions == ()


@pytest.mark.parametrize(
    "markup",
    [
        "<:Kappa:12345678901234>",
        "<:Kappa:1234567890123456789012>",
        "<:K:123456789012345678>",
        f"<:{'K' * 33}:123456789012345678>",
        "<:Kap-pa:123456789012345678>",
        "<:Käppa:123456789012345678>",
        "<:Kappa:１２３４５６７８９０１２３４５６７８>",
        "<b:Kappa:123456789012345678>",
        "<:Kappa:123456789012345678",
        "x<:Kappa:123456789012345678>",
        "<:Kappa:123456789012345678>x",
        "<:Kappa:12345678901234567/8>",
    ],
)
async def test_markup_that_is_not_exactly_right_is_unknown(resolver: Resolver, markup: str) -> None:
    with pytest.raises(UnknownEmote):
        await resolver.resolve([markup])


async def test_names_come_from_the_catalogue_and_never_from_the_asker(resolver: Resolver) -> None:
    named, custom = await resolver.resolve(["JOY", "<:everyone_ping:123456789012345678>"])
    assert (named.source, named.name) == (EmoteSource.UNICODE, "face with tears of joy")
    assert (custom.source, custom.name) == (EmoteSource.DISCORD, None)


@pytest.mark.parametrize("words", [[], [""], ["\u200d"], ["\ufe0f\u202e"], ["\U000e0067"]])
async def test_nothing_visible_is_nothing_to_draw(resolver: Resolver, words: list[str]) -> None:
    with pytest.raises(NothingToDraw):
        await resolver.resolve(words)


@pytest.mark.parametrize(
    "words",
    [["😂"] * 5, ["😂🍕💀👀🔥"], ["😂🍕💀", "👀🔥"], [KAPPA * 5], ["😂" * 100_000], [":joy:" * 500], ["😂"] * 100_000],
)
async def test_more_than_four_emotes_are_too_many(resolver: Resolver, words: list[str]) -> None:
    with pytest.raises(TooManyEmotes) as refused:
        await resolver.resolve(words)
    assert refused.value.limit == MAX_EMOTES == 4


async def test_an_emoji_newer_than_the_graphics_is_refused_with_names_that_can_be_drawn(
    resolver: Resolver, catalogue: UnicodeCatalogue
) -> None:
    for text in ("🫫", ":cracking_face:", "cracking_face"):
        with pytest.raises(UnknownEmote) as refused:
            await resolver.resolve([text])
        assert refused.value.suggestions
        assert "cracking_face" not in refused.value.suggestions


HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "😂❤1#👨👩🇩🇪🏴🏽<>:a0_\u200d\ufe0f\ufe0e\u20e3\u202e\u0301\u0336\U000e0067\U000e007f\U000e0000"
        ),
    ),
    max_size=80,
)


@given(words=st.lists(st.one_of(HOSTILE, HOSTILE.map(lambda text: text * 200)), max_size=6))
async def test_any_text_is_resolved_or_refused_quickly(
    resolver: Resolver, catalogue: UnicodeCatalogue, words: list[str]
) -> None:
    started_at = time.monotonic()
    try:
        emotes = await resolver.resolve(words)
        assert 1 <= len(emotes) <= MAX_EMOTES
        for emote in emotes:
            assert emote.source is EmoteSource.DISCORD or catalogue.picture_path(emote.id)
    except UnknownEmote as refused:
        for suggestion in refused.suggestions:
            assert catalogue.key_of_alias(suggestion) is not None
    except RequestRefused:
        pass
    assert time.monotonic() - started_at < 5


@pytest.mark.parametrize(
    "word", [RTL * 1_000_000, "\u0301\u0323" * 500_000, "😂" + ZALGO * 500_000, ":" * 1_000_000, "<:" * 500_000]
)
async def test_huge_words_take_no_time(resolver: Resolver, word: str) -> None:
    started_at = time.monotonic()
    with pytest.raises(RequestRefused):
        await resolver.resolve([word])
    assert time.monotonic() - started_at < 5


async def test_the_markup_says_whether_a_custom_emoji_moves(resolver: Resolver) -> None:
    assert await resolver.resolve([KAPPA, DANCE]) == (
        Emote(EmoteSource.DISCORD, "123456789012345678"),
        Emote(EmoteSource.DISCORD, "876543210987654321098", animated=True),
    )


async def test_a_link_to_an_emote_is_a_word_like_others(resolver: Resolver) -> None:
    link, joy = await resolver.resolve(["<https://cdn.7tv.app/emote/01F6/4x.webp>", "😂"])
    assert (link.source, link.id) == (EmoteSource.LINK, "https://cdn.7tv.app/emote/01F6/4x.webp")
    assert joy.source is EmoteSource.UNICODE


async def test_a_link_to_anywhere_else_is_refused(resolver: Resolver) -> None:
    with pytest.raises(LinkNotAllowed):
        await resolver.resolve(["https://evil.example/cat.png"])
