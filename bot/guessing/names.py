"""When a guess is right: what people type, compared with every spelling of the emote in its plainest form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from bot.emotes.unicode import visible

MAX_GUESS_CHARS = 120  # the longest name of an emoji has 76
_MARKUP = re.compile(r"<a?:(?P<name>\w+):(?P<id>\d+)>")


def answers(spellings: Iterable[str], emote_id: str | None = None) -> frozenset[str]:
    """Every plain form that wins. `emote_id` is a custom emoji's, which may be named differently elsewhere."""
    plain = {form for spelling in spellings for form in (_letters(spelling), visible(spelling)) if form}
    return frozenset(plain | ({_by_id(emote_id)} if emote_id else set()))


def is_right(guess: str, wanted: frozenset[str]) -> bool:
    """In any case, with or without colons, underscores and accents; an emoji itself counts, and so does its markup.

    The guess is the whole message: a right name inside a sentence is talk.
    """
    text = guess.strip()
    if not text or len(text) > MAX_GUESS_CHARS:
        return False
    if markup := _MARKUP.fullmatch(text):
        return _by_id(markup["id"]) in wanted or _letters(markup["name"]) in wanted
    return _letters(text) in wanted or visible(text) in wanted


def _by_id(emote_id: str) -> str:
    return f"<{emote_id}>"  # no plain form has such brackets: those of letters lack them, those of emoji too


def _letters(text: str) -> str:
    """Only letters and digits: `Face_with-Tears of joy!` is `facewithtearsofjoy`."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())
