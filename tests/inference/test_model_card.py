from pathlib import Path

import pytest

from inference.model_card import NoSuchSection, update_card
from inference.weights import FOLDER

CARD = "# Card\n<!-- begin: one -->\nold\n<!-- end: one -->\nkept\n<!-- begin: two -->\n<!-- end: two -->\n"


def test_a_section_is_replaced_and_the_rest_kept(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(CARD)
    update_card(card, "one", "new\nlines\n")
    assert card.read_text() == CARD.replace("old\n", "new\nlines\n")


def test_a_section_can_be_replaced_again_and_again(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(CARD)
    for text in ("a\n", "b\n", "old\n"):
        update_card(card, "one", text)
    assert card.read_text() == CARD


@pytest.mark.parametrize("content", ["", "<!-- begin: one -->\n", "<!-- end: one -->\n"])
def test_a_card_without_the_section_is_left_alone(tmp_path: Path, content: str) -> None:
    card = tmp_path / "card.md"
    card.write_text(content)
    with pytest.raises(NoSuchSection):
        update_card(card, "one", "new\n")
    assert card.read_text() == content


@pytest.mark.parametrize(
    ("card", "section"), [("classic", "identity"), ("classic", "reconstruction"), ("dial", "identity")]
)
def test_the_shipped_cards_have_every_section(card: str, section: str, tmp_path: Path) -> None:
    copy = tmp_path / "card.md"
    copy.write_text((FOLDER / f"{card}.md").read_text())
    update_card(copy, section, "numbers\n")
    assert "numbers" in copy.read_text()
