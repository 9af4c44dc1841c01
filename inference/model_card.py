"""The parts of a model card that commands fill in, each between two marks in the Markdown file."""

from collections.abc import Mapping, Sequence
from pathlib import Path


class NoSuchSection(Exception):
    """The card has no marks of that name."""


def has_section(card: Path, section: str) -> bool:
    """Whether the card has a place for it."""
    return f"<!-- begin: {section} -->\n" in card.read_text(encoding="utf-8")


def update_cards(cards: Sequence[Path], sections: Mapping[str, str]) -> None:
    """Bring the sections that a card has up to date; raise NoSuchSection for a card that has none of them."""
    for card in cards:
        present = [name for name in sections if has_section(card, name)]
        if not present:
            raise NoSuchSection(f"{card} has none of the sections {', '.join(sections)}")
        for name in present:
            update_card(card, name, sections[name])


def update_card(card: Path, section: str, text: str) -> None:
    """Replace what stands between `<!-- begin: section -->` and `<!-- end: section -->`."""
    content = card.read_text(encoding="utf-8")
    before, begin, rest = content.partition(f"<!-- begin: {section} -->\n")
    _, end, after = rest.partition(f"<!-- end: {section} -->\n")
    if not begin or not end:
        raise NoSuchSection(f"{card} has no section {section!r}")
    card.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")


def markdown_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Markdown, the columns aligned for reading as plain text, too; the first holds words, the others numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    lines = [_line(header, widths), "| " + " | ".join(rule) + " |", *(_line(row, widths) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join([first, *others]) + " |"
