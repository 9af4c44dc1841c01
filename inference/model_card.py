"""The parts of a model card that commands fill in, each between two marks in the Markdown file."""

from pathlib import Path


class NoSuchSection(Exception):
    """The card has no marks of that name."""


def has_section(card: Path, section: str) -> bool:
    """Whether the card has a place for it."""
    return f"<!-- begin: {section} -->\n" in card.read_text(encoding="utf-8")


def update_card(card: Path, section: str, text: str) -> None:
    """Replace what stands between `<!-- begin: section -->` and `<!-- end: section -->`."""
    content = card.read_text(encoding="utf-8")
    before, begin, rest = content.partition(f"<!-- begin: {section} -->\n")
    _, end, after = rest.partition(f"<!-- end: {section} -->\n")
    if not begin or not end:
        raise NoSuchSection(f"{card} has no section {section!r}")
    card.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")
