"""Answers become lines: alone in a thread, or several with everybody named; never too long, never twice the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.twitch.merging import MAX_CHARS, Parcel, fitting, line_for, unlike


def parcel(
    name: str, words: str = "On screen now!", *, reply_to: str | None = "q", linked: str | None = None
) -> Parcel:
    return Parcel(f"key {name}", "1", words, name, reply_to, linked)


def test_one_answer_is_said_in_its_thread_without_a_name() -> None:
    assert line_for([parcel("Ada")]) == "On screen now!"
    assert line_for([parcel("Ada", reply_to=None)]) == "@Ada On screen now!"


def test_who_is_told_the_same_is_named_together() -> None:
    parcels = [parcel("Ada"), parcel("Bob", "I don't know that emote."), parcel("Cy"), parcel("Ada")]
    assert line_for(parcels) == "@Ada @Cy On screen now! · @Bob I don't know that emote."


def test_links_are_left_out_where_they_are_not_taken() -> None:
    linked = parcel("Ada", linked="On screen now! https://faces.example/f/1")
    assert line_for([linked]) == "On screen now! https://faces.example/f/1"
    assert line_for([linked], with_links=False) == "On screen now!"


def test_the_same_line_twice_differs_in_something_nobody_sees() -> None:
    assert unlike("On screen now!", "On screen now!") != "On screen now!"
    assert unlike("On screen now!", unlike("On screen now!", "On screen now!")) == "On screen now!"
    assert unlike("On screen now!", None) == "On screen now!"


_NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789あ", min_size=1, max_size=25)
_WORDS = st.text(min_size=1, max_size=300)


@given(st.lists(st.builds(parcel, _NAMES, _WORDS, linked=st.none() | _WORDS), min_size=1, max_size=40))
def test_whatever_fits_is_within_what_twitch_takes(parcels: list[Parcel]) -> None:
    count = fitting(parcels)
    assert 1 <= count <= len(parcels)
    for with_links in (True, False):
        line = unlike(line_for(parcels[:count], with_links=with_links), None)
        assert len(line) < MAX_CHARS
        if count > 1:
            for each in parcels[:count]:
                assert f"@{each.asker_name}" in line
                assert (each.linked if with_links and each.linked else each.words) in line
