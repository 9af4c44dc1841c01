"""What the pages link to, and the pictures they show, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "inference" / "weights").glob("*.md")]
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[\w-]+)?\)")


def test_the_readme_leads_to_every_page() -> None:
    linked = {ROOT / "README.md"}
    while (found := linked | {page for each in linked for page in targets(each) if page.suffix == ".md"}) != linked:
        linked = found
    assert set(PAGES) <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_links_to_what_is_there(page: Path) -> None:
    missing = [str(target) for target in targets(page) if not target.exists()]
    assert not missing


def targets(page: Path) -> set[Path]:
    """The files of ours that a page links to or shows."""
    return {(page.parent / link).resolve() for link in _LINK.findall(page.read_text(encoding="utf-8"))}
