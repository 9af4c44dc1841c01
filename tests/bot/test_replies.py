from __future__ import annotations

import re
from collections.abc import Callable
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
from inference.protocol import FaceOptions, Style

SAMPLES: dict[type[FaceError], Callable[[], FaceError]] = {
    errors.TooManyEmotes: lambda: errors.TooManyEmotes(4),
    errors.InvalidOption: lambda: errors.InvalidOption("x", "a whole number from 1 to 10"),
    errors.UnknownEmote: lambda: errors.UnknownEmote(("kappa", "keepo")),
    errors.FlaggedEmote: lambda: errors.FlaggedEmote(("epilepsy", "edgy")),
    errors.TooManyRequests: lambda: errors.TooManyRequests(5.4),
    errors.PictureTooLarge: lambda: errors.PictureTooLarge("2 MB"),
    errors.StyleNotServed: lambda: errors.StyleNotServed((Style.CLASSIC,)),
    errors.Busy: lambda: errors.Busy(31.6),
}
HOSTILE = "@everyone <@80351110224678912> **loud** `code` https://evil.example [x](https://evil.example)"


def leaves(kind: type[FaceError] = FaceError) -> list[type[FaceError]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [kind]


@pytest.mark.parametrize("leaf", leaves())
def test_every_leaf_of_the_error_tree_has_words_of_its_own(leaf: type[FaceError]) -> None:
    words = words_for(SAMPLES.get(leaf, leaf)())
    others = [words_for(SAMPLES.get(other, other)()) for other in leaves() if other is not leaf]
    assert words not in others
    assert words[0].isupper() or words[0] == "`"
    assert words.rstrip()[-1] in ".?)!"
    assert len(words) <= 500  # fits a chat line on every platform


@pytest.mark.parametrize("leaf", leaves())
def test_no_words_ping_or_link_or_have_open_markup(leaf: type[FaceError]) -> None:
    words = words_for(SAMPLES.get(leaf, leaf)())
    assert not re.search(r"@|<|http|\*|_\w+_|\]\(|\n", re.sub(r"`[^`]*`", "", words))
    assert words.count("`") % 2 == 0


@given(st.sampled_from(["style", "realism", "x", "seed", "layout", "format"]), st.text(min_size=6))
def test_the_words_for_a_bad_option_are_the_same_whatever_was_typed(name: str, value: str) -> None:
    said = set()
    for typed in (f"{name}:{'_'.join(value.split())}?", f"{name}:{HOSTILE.split(maxsplit=1)[0]}"):
        with pytest.raises(errors.InvalidOption) as caught:
            parse_command(typed, FaceOptions())
        said.add(words_for(caught.value))
    assert len(said) == 1


def test_sources_out_of_reach_are_named() -> None:
    words = words_for(errors.UnknownEmote(("kappa",), ("7TV", "FFZ")))
    assert words.endswith("Did you mean `kappa`? 7TV and FFZ can't be reached right now, it may be from there.")


def test_what_an_emote_is_marked_as_is_told() -> None:
    assert "flashing and edgy," in words_for(errors.FlaggedEmote(("epilepsy", "edgy")))


def test_suggestions_are_named_nearest_first_and_only_when_there_are_any() -> None:
    assert words_for(errors.UnknownEmote()) == "I don't know that emote."
    assert words_for(errors.UnknownEmote(("kappa", "keepo"))).endswith("Did you mean `kappa`, `keepo`?")


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, "a second"), (1.4, "a second"), (2.5, "2 seconds"), (59.6, "60 seconds")]
)
def test_waits_are_told_in_whole_seconds(seconds: float, told: str) -> None:
    assert words_for(errors.Busy(seconds)).endswith(f"in {told}.")
    assert words_for(errors.TooManyRequests(seconds)).endswith(f"in {told}.")


def test_the_status_line_tells_the_place_and_that_it_is_an_estimate() -> None:
    waiting = Progress("id", RequestState.QUEUED, position=3, eta_s=12.2)
    assert status_line(waiting) == "In the queue at place 3, about 12 seconds to go (an estimate)."


@pytest.mark.parametrize(
    "progress", [Progress("id", RequestState.READY), Progress("id", RequestState.QUEUED, position=2)]
)
def test_without_an_estimate_the_status_line_gives_none(progress: Progress) -> None:
    assert status_line(progress) == "Drawing…"


def test_the_alt_text_names_the_emotes_of_the_catalogue() -> None:
    joy = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
    pizza = Emote(EmoteSource.UNICODE, "1f355", "pizza")
    assert alt_text((joy,)) == "A face made from face with tears of joy, AI-generated"
    assert alt_text((joy, pizza)) == "Faces made from face with tears of joy, pizza, AI-generated"


@pytest.mark.parametrize("source", EmoteSource)
def test_the_alt_text_has_a_description_for_every_emote_without_a_name(source: EmoteSource) -> None:
    assert re.fullmatch(r"A face made from (an?|the) [A-Za-z0-9' ]+, AI-generated", alt_text((Emote(source, HOSTILE),)))


LUL = Emote(EmoteSource.BTTV, "1", "LUL", picked=True)
RAIN = Emote(EmoteSource.SEVENTV, "2", "RainTime")
NAMELESS = Emote(EmoteSource.DISCORD, "3", picked=True)


def test_the_caption_names_what_was_not_spelled_like_that() -> None:
    kappa = Emote(EmoteSource.TWITCH, "25", "Kappa")
    assert caption((kappa, NAMELESS)) is None
    assert caption((kappa, LUL)) == "This is `LUL`."
    assert caption((replace(LUL, blended=replace(kappa, picked=True)),)) == "This is `LUL` and `Kappa`."


def test_the_alt_text_names_everything_an_emote_is_composed_of() -> None:
    assert alt_text((replace(LUL, overlays=(RAIN,)),)) == "A face made from LUL with RainTime, AI-generated"
    assert alt_text((replace(LUL, blended=NAMELESS),)) == "A face made from LUL with a custom emoji, AI-generated"


def test_an_emote_is_explained_in_a_few_lines() -> None:
    found = Found(RAIN, "7TV (global)", True, (ContentFlag.EPILEPSY,), "https://7tv.app/emotes/2")
    assert explanation(Explanation(found, (), ("7TV (global)", "emoji"), ("FFZ",))).splitlines() == [
        "`RainTime` is from 7TV (global).",
        "It lies on the emote before it.",
        "It is marked as flashing.",
        "<https://7tv.app/emotes/2>",
        "Searched: 7TV (global), emoji.",
        "Out of reach right now: FFZ.",
    ]
    nameless = explanation(Explanation(Found(NAMELESS, "Discord"), (), ("emoji",), ()))
    assert nameless.splitlines()[0] == "A custom emoji is from Discord."
    assert explanation(Explanation(None, ("LUL",), ("emoji",), ())).startswith(
        "I don't know that emote. Did you mean `LUL`?\nSearched: emoji."
    )
