"""Emotes in what people write."""

import pytest

from bot.discord.shown import words_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("just talk LUL :joy:", ()),
        ("look <:kappa:123456789012345678>!", ("<:kappa:123456789012345678>",)),
        ("😂<a:dance:123456789012345678>🍕", ("😂", "<a:dance:123456789012345678>", "🍕")),
        ("👩🏽‍🚀 and 🏳️‍🌈, 10 of 10", ("👩🏽‍🚀", "🏳️‍🌈")),
        ("<:no:12> <@123456789012345678> <#123456789012345678>", ()),
        ("😂😂", ("😂", "😂")),
    ],
)
def test_the_emoji_of_a_text_are_found_in_order_and_its_words_are_not(text: str, words: tuple[str, ...]) -> None:
    assert words_in(text) == words
