from pathlib import Path

import pytest

from inference.model_card import NoSuchSection, has_section, markdown_table, update_card, update_cards
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


def test_every_card_gets_the_sections_it_has_and_needs_one_of_them(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(CARD)
    update_cards([card], {"one": "new\n", "three": "unknown\n"})
    assert card.read_text() == CARD.replace("old\n", "new\n")
    with pytest.raises(NoSuchSection, match="none of the sections three"):
        update_cards([card], {"three": "unknown\n"})


def test_a_table_is_aligned_for_reading_as_it_is() -> None:
    table = markdown_table(("name", "n"), [("a long one", "7"), ("b", "100")])
    assert table == "| name       |   n |\n| ---------- | --: |\n| a long one |   7 |\n| b          | 100 |\n"


@pytest.mark.parametrize("section", ["machine", "latency", "throughput", "work", "ratios", "worker"])
def test_the_benchmark_has_its_card(section: str) -> None:
    assert has_section(Path(__file__).parents[2] / "docs" / "bench.md", section)
