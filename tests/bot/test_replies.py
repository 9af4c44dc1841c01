from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors
from bot.command import parse_command
from bot.emotes.catalogue import ContentFlag
from bot.emotes.resolver import Explanation, Found
from bot.errors import FaceError
from bot.models import Emote, EmoteSource, Progress, RequestState
from bot.replies import alt_text, caption, explanation, status_line, words_for
from bot.texts import say
from inference.protocol import FaceOptions
from tests.fakes.errors import leaves, sample_of

HOSTILE = "@everyone <@80351110224678912> **loud** `code` https://evil.example [x](https://evil.example)"


def told(error: FaceError, locale: str = "en") -> str:
    return say(words_for(error), locale)


def described(emotes: tuple[Emote, ...], locale: str = "en") -> str:
    return say(alt_text(emotes), locale)


def captioned(emotes: tuple[Emote, ...]) -> str | None:
    said = caption(emotes)
    return None if said is None else say(said)


def explained(found: Explanation) -> str:
    return say(explanation(found))


@pytest.mark.parametrize("leaf", leaves())
def test_every_leaf_of_the_error_tree_has_words_of_its_own(leaf: type[FaceError]) -> None:
    words = told(sample_of(leaf))
    others = [told(sample_of(other)) for other in leaves() if other is not leaf]
    assert words not in others
    assert words[0].isupper() or words[0] == "`"
    assert words.rstrip()[-1] in ".?)!"
    assert len(words) <= 500  # fits a chat line on every platform


@pytest.mark.parametrize("leaf", leaves())
def test_no_words_ping_or_link_or_have_open_markup(leaf: type[FaceError]) -> None:
    words = told(sample_of(leaf))
    assert not re.search(r"@|<|http|\*|_\w+_|\]\(|\n", re.sub(r"`[^`]*`", "", words))
    assert words.count("`") % 2 == 0


@given(st.sampled_from(["style", "realism", "x", "seed", "layout", "format"]), st.text(min_size=6))
def test_the_words_for_a_bad_option_are_the_same_whatever_was_typed(name: str, value: str) -> None:
    said = set()
    for typed in (f"{name}:{'_'.join(value.split())}?", f"{name}:{HOSTILE.split(maxsplit=1)[0]}"):
        with pytest.raises(errors.InvalidOption) as caught:
            parse_command(typed, FaceOptions())
        said.add(told(caught.value))
    assert len(said) == 1


def test_sources_out_of_reach_are_named() -> None:
    words = told(errors.UnknownEmote(("kappa",), ("7TV", "FFZ")))
    assert words.endswith("Did you mean `kappa`? 7TV and FFZ can't be reached right now, it may be from there.")


def test_what_an_emote_is_marked_as_is_told() -> None:
    assert "flashing and edgy," in told(errors.FlaggedEmote(("epilepsy", "edgy")))


def test_suggestions_are_named_nearest_first_and_only_when_there_are_any() -> None:
    assert told(errors.UnknownEmote()) == "I don't know that emote."
    assert told(errors.UnknownEmote(("kappa", "keepo"))).endswith("Did you mean `kappa`, `keepo`?")


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [(0.0, "a second"), (1.4, "a second"), (2.5, "2 seconds"), (59.6, "60 seconds"), (837.0, "14 minutes")],
)
def test_waits_are_told_in_whole_seconds_and_long_ones_in_minutes(wait_s: float, words: str) -> None:
    assert told(errors.Busy(wait_s)).endswith(f"in {words}.")
    assert told(errors.TooManyRequests(wait_s)).endswith(f"in {words}.")


def test_the_status_line_tells_the_place_and_that_it_is_an_estimate() -> None:
    waiting = Progress("id", RequestState.QUEUED, position=3, eta_s=12.2)
    assert say(status_line(waiting)) == "In the queue at place 3, about 12 seconds to go (an estimate)."


@pytest.mark.parametrize(
    "progress", [Progress("id", RequestState.READY), Progress("id", RequestState.QUEUED, position=2)]
)
def test_without_an_estimate_the_status_line_gives_none(progress: Progress) -> None:
    assert say(status_line(progress)) == "Drawing…"


def test_the_alt_text_names_the_emotes_of_the_catalogue() -> None:
    joy = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
    pizza = Emote(EmoteSource.UNICODE, "1f355", "pizza")
    assert described((joy,)) == "A face made from face with tears of joy, AI-generated"
    assert described((joy, pizza)) == "Faces made from face with tears of joy, pizza, AI-generated"


@pytest.mark.parametrize("source", EmoteSource)
def test_the_alt_text_has_a_description_for_every_emote_without_a_name(source: EmoteSource) -> None:
    assert re.fullmatch(
        r"A face made from (an?|the) [A-Za-z0-9' ]+, AI-generated", described((Emote(source, HOSTILE),))
    )


LUL = Emote(EmoteSource.BTTV, "1", "LUL", picked=True)
RAIN = Emote(EmoteSource.SEVENTV, "2", "RainTime")
NAMELESS = Emote(EmoteSource.DISCORD, "3", picked=True)


def test_the_caption_names_what_was_not_spelled_like_that() -> None:
    kappa = Emote(EmoteSource.TWITCH, "25", "Kappa")
    assert captioned((kappa, NAMELESS)) is None
    assert captioned((kappa, LUL)) == "This is `LUL`."
    assert captioned((replace(LUL, blended=replace(kappa, picked=True)),)) == "This is `LUL` and `Kappa`."


def test_the_alt_text_names_everything_an_emote_is_composed_of() -> None:
    assert described((replace(LUL, overlays=(RAIN,)),)) == "A face made from LUL with RainTime, AI-generated"
    assert described((replace(LUL, blended=NAMELESS),)) == "A face made from LUL with a custom emoji, AI-generated"


def test_an_emote_is_explained_in_a_few_lines() -> None:
    found = Found(RAIN, "7TV (global)", True, (ContentFlag.EPILEPSY,), "https://7tv.app/emotes/2")
    assert explained(Explanation(found, (), ("7TV (global)", "emoji"), ("FFZ",))).splitlines() == [
        "This is `RainTime`, from 7TV (global).",
        "It lies on the emote before it.",
        "It is marked as flashing.",
        "<https://7tv.app/emotes/2>",
        "Searched: 7TV (global), emoji.",
        "Out of reach right now: FFZ.",
    ]
    nameless = explained(Explanation(Found(NAMELESS, "Discord"), (), ("emoji",), ()))
    assert nameless.splitlines()[0] == "This is a custom emoji, from Discord."
    assert explained(Explanation(None, ("LUL",), ("emoji",), ())).startswith(
        "I don't know that emote. Did you mean `LUL`?\nSearched: emoji."
    )
