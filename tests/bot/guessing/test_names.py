"""What counts as naming an emote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.emotes.unicode import UnicodeCatalogue
from bot.guessing.names import MAX_GUESS_CHARS, answers, is_right

KAPPA = answers(["Kappa"])
HEART = answers(["monka_S"], "123456789012345678")


@pytest.fixture(scope="module")
def joy() -> frozenset[str]:
    return answers(UnicodeCatalogue.load().spellings("1f602"))


@pytest.mark.parametrize("guess", ["Kappa", "kappa", "KAPPA", ":kappa:", " kappa ", "kappa!", "Kappa?", "Káppa"])
def test_the_name_in_any_case_and_dress_is_right(guess: str) -> None:
    assert is_right(guess, KAPPA)


@pytest.mark.parametrize("guess", ["", " ", ":", "::", "!", "kapp", "Kappaa", "is it kappa", "kappa kappa", "<kappa>x"])
def test_anything_else_is_wrong(guess: str) -> None:
    assert not is_right(guess, KAPPA)


@pytest.mark.parametrize(
    "guess",
    ["😂", "😂\ufe0f", ":joy:", "joy", "face with tears of joy", "Face_With_Tears_of_Joy", ":face_with_tears_of_joy:"],
)
def test_every_name_of_an_emoji_counts_and_the_emoji_itself(guess: str, joy: frozenset[str]) -> None:
    assert is_right(guess, joy)


def test_another_emoji_does_not_count(joy: frozenset[str]) -> None:
    assert not is_right("😭", joy)


@pytest.mark.parametrize(
    "guess", ["<:monka_S:123456789012345678>", "<a:renamed:123456789012345678>", "<:monkaS:1>", "monkas", "MONKA-S"]
)
def test_a_custom_emoji_counts_by_id_and_by_name(guess: str) -> None:
    assert is_right(guess, HEART)


@pytest.mark.parametrize("guess", ["<:other:1>", "123456789012345678", "<123456789012345678>x", "<:kappa:>"])
def test_another_custom_emoji_and_a_bare_id_do_not(guess: str) -> None:
    assert not is_right(guess, HEART)


@given(st.text(max_size=2 * MAX_GUESS_CHARS))
def test_any_text_is_right_or_wrong(guess: str) -> None:
    assert is_right(guess, KAPPA) in {True, False}
    if len(guess.strip()) > MAX_GUESS_CHARS:
        assert not is_right(guess, answers([guess]))


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_' -]{1,28}[A-Za-z]", fullmatch=True), st.sampled_from("LUC"))
def test_whatever_people_can_type_is_its_own_right_answer(name: str, case: str) -> None:
    typed = {"L": name.lower(), "U": name.upper(), "C": f":{name}:"}[case]
    assert is_right(typed, answers([name]))
