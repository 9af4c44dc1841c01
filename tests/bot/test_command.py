from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.command import default_options, parse_command, strip_prefix
from bot.errors import InvalidOption
from bot.texts import say
from config.settings import load_settings
from inference.protocol import (
    AUTO,
    DEFAULT_REALISM,
    MAX_ITERATIONS,
    MAX_SEED,
    FaceOptions,
    Format,
    Layout,
    Style,
)

DEFAULTS = FaceOptions(realism=0.2, iterations=3, seed=9, layout=Layout.STRIP)
OPTION_NAMES = ("style", "realism", "x", "iterations", "seed", "layout", "format")

tokens = st.text(min_size=1, max_size=12).filter(lambda t: len(t.split()) == 1 and t == t.strip())
cased_names = st.sampled_from(OPTION_NAMES).flatmap(
    lambda name: st.tuples(*(st.sampled_from([letter, letter.upper()]) for letter in name)).map("".join)
)


def is_option(token: str) -> bool:
    name, colon, _ = token.partition(":")
    return bool(colon) and name.lower() in OPTION_NAMES


words = tokens.filter(lambda token: not is_option(token))
options = st.one_of(
    st.sampled_from(Style).map(lambda style: ("style", style.value)),
    st.integers(0, 20).map(lambda steps: ("realism", str(steps / 20))),
    (st.just(AUTO) | st.integers(1, MAX_ITERATIONS)).map(lambda count: ("x", str(count))),
    st.integers(0, MAX_SEED).map(lambda seed: ("seed", str(seed))),
    st.sampled_from(Layout).map(lambda layout: ("layout", layout.value)),
    st.sampled_from(Format).map(lambda form: ("format", form.value)),
)


def joined(parts: list[str]) -> str:
    return " \n\t".join(parts)


# -- words and options ----------------------------------------------------------------------------------------------


@given(st.lists(words))
def test_bare_words_never_become_options(given_words: list[str]) -> None:
    command = parse_command(joined(given_words), DEFAULTS)
    assert command.words == tuple(given_words)
    assert command.options == DEFAULTS


@given(cased_names, st.text(st.characters(exclude_categories=("Z", "Cc", "Cs")), max_size=8))
def test_an_option_never_becomes_a_word(name: str, value: str) -> None:
    try:
        found = parse_command(f"{name}:{value}", DEFAULTS).words
    except InvalidOption:
        found = ()
    assert found == ()


@given(st.data())
def test_words_keep_their_order_whatever_options_stand_between(data: st.DataObject) -> None:
    given_words = data.draw(st.lists(words))
    given_options = data.draw(st.lists(options))
    mixed: list[str] = list(given_words)
    for name, value in given_options:
        mixed.insert(data.draw(st.integers(0, len(mixed))), f"{name}:{value}")
    command = parse_command(joined(mixed), DEFAULTS)
    assert command.words == tuple(given_words)


@given(st.lists(options))
def test_the_last_of_a_repeated_option_counts(given_options: list[tuple[str, str]]) -> None:
    command = parse_command(" ".join(f"{name}:{value}" for name, value in given_options), DEFAULTS)
    last = dict(given_options)
    field_of = {"x": "iterations", "format": "form"}
    unnamed = DEFAULTS.changed(style=Style(last.get("style", DEFAULTS.style)))
    for field in fields(FaceOptions):
        name = next((short for short, long in field_of.items() if long == field.name), field.name)
        value = getattr(command.options, field.name)
        if name in last:
            assert value == (AUTO if last[name] == AUTO else type(value)(last[name]))
        else:
            assert value == getattr(unnamed, field.name)


def test_every_option_in_any_case_is_understood() -> None:
    command = parse_command("😂 STYLE:Classic Realism:0.43 X:5 sEEd:7 layout:FACE format:GIF :joy:", FaceOptions())
    assert command.words == ("😂", ":joy:")
    assert command.options == FaceOptions(Style.CLASSIC, 0.45, 5, 7, Layout.FACE, Format.GIF)


@pytest.mark.parametrize("text", ["x:auto", "iterations:auto", "X:AUTO", "x:3 iterations:auto"])
def test_the_best_of_all_rounds_can_be_asked_for(text: str) -> None:
    assert parse_command(f"😂 {text}", FaceOptions()).options == FaceOptions(iterations=AUTO)


def test_iterations_may_be_written_out() -> None:
    assert parse_command("😂 iterations:4", FaceOptions()).options.iterations == 4


def test_a_style_comes_with_its_own_realism_in_whatever_order_it_is_asked() -> None:
    own = DEFAULTS.changed(style=Style.CURSED)
    assert own.realism == DEFAULT_REALISM[Style.CURSED]
    assert parse_command("😂 style:cursed", DEFAULTS).options == own
    for text in ("realism:0.4 style:cursed", "style:cursed realism:0.4"):
        assert parse_command(text, DEFAULTS).options == replace(own, realism=0.4)
    assert parse_command("style:classic", DEFAULTS).options == DEFAULTS


def test_what_was_chosen_otherwise_beats_the_text() -> None:
    given = {"style": Style.REAL, "seed": 3}
    asked = parse_command("😂 style:cursed realism:0.4 seed:5", DEFAULTS, given)
    assert asked.options == replace(DEFAULTS, style=Style.REAL, realism=0.4, seed=3)


def test_an_instance_may_have_a_style_and_a_realism_of_its_own() -> None:
    inference = load_settings().inference
    assert default_options(inference) == FaceOptions(Style(inference.style))
    chosen = inference.model_copy(update={"style": "cursed", "realism": 0.7})
    assert default_options(chosen) == FaceOptions(Style.CURSED, 0.7)


@pytest.mark.parametrize(
    "word",
    [
        "<:kappa:25>",
        "<a:dance:1>",
        ":joy:",
        ":style:",
        "style",
        "x5",
        "😂x:5",
        "http://x.example",
        ":",
        "::",
        "realism=1",
    ],
)
def test_what_only_looks_like_an_option_is_a_word(word: str) -> None:
    command = parse_command(word, DEFAULTS)
    assert command.words == (word,)
    assert command.options == DEFAULTS


def test_nothing_gives_no_words_and_the_defaults() -> None:
    command = parse_command("  \n ", DEFAULTS)
    assert command.words == ()
    assert command.options == DEFAULTS


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("style", ["", "photo", "classic;", "CLASSICAL"]),
        ("realism", ["", "-0.01", "1.01", "nan", "inf", "-inf", "half", "0,4", "1e9", "0x1"]),
        ("x", ["", "0", "-1", "11", "1.5", "five", "9" * 5000]),
        ("seed", ["", "-1", str(MAX_SEED + 1), "1.0", "nan", "9" * 5000]),
        ("layout", ["", "round", "face,pair", ":"]),
        ("format", ["", "png", "gif,webp", ":"]),
    ],
)
def test_a_bad_value_names_the_option_and_its_values_and_nothing_else(option: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(InvalidOption) as caught:
            parse_command(f"😂 {option}:{value}", DEFAULTS)
        assert caught.value.option == option
        assert caught.value.__cause__ is None
        if len(value) > 3:
            assert value not in str(caught.value)
            assert value not in say(caught.value.allowed)


# -- the prefix -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("!face 😂", "😂"),
        ("!face", ""),
        ("!face ", ""),
        ("!face\n😂", "😂"),
        ("!face\t😂 🍕  ", "😂 🍕"),
        ("  !face 😂", "😂"),
        ("!FACE 😂", "😂"),
        ("!Face 😂", "😂"),
        ("!face 😂\nx:5", "😂\nx:5"),
        ("!face !face", "!face"),
        ("!face😂", "😂"),
        ("!face:joy:", ":joy:"),
        ("!face<:kappa:25>", "<:kappa:25>"),
    ],
)
def test_the_command_is_recognised_and_its_rest_returned(text: str, rest: str) -> None:
    assert strip_prefix(text, "!") == rest


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "!faceplant",
        "!faceplant 😂",
        "!facе",
        "face 😂",
        "!",
        "! face",
        "look !face 😂",
        "?face 😂",
        "!!face",
        "😂",
    ],
)
def test_other_messages_are_not_the_command(text: str) -> None:
    assert strip_prefix(text, "!") is None


@pytest.mark.parametrize("prefix", ["!", "?", "bot.", "ß", "€€", "X"])
def test_any_prefix_works_in_any_case(prefix: str) -> None:
    assert strip_prefix(f"{prefix}face 😂", prefix) == "😂"
    assert strip_prefix(f"{prefix}FACE 😂".lower(), prefix) == "😂"
    assert strip_prefix("~face 😂", prefix) is None


@given(st.text(), st.text(min_size=1, max_size=8).filter(lambda p: not any(c.isspace() for c in p)))
def test_any_text_is_either_the_command_or_not(text: str, prefix: str) -> None:
    rest = strip_prefix(text, prefix)
    assert rest is None or rest == rest.strip()
    assert strip_prefix(f"{prefix}face {text}", prefix) == text.strip()
