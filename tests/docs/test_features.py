"""Every tick in the tables of features is shown by a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "tests" / "bot"
PAGES = {
    "features.md": ["esmBot", "AIYA", "NotSoBot", "assyst", "Red notsobot", "ours"],
    "features-twitch.md": ["Twir", "Firebot", "PhantomBot", "Mix It Up", "Twitchat", "Supibot", "ours"],
    "features-web.md": ["Twir", "Firebot", "Emote-Overlay", "ours"],
}
LEAST = {"features.md": 50, "features-twitch.md": 35, "features-web.md": 30}  # rows
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def tables(page: str) -> list[list[str]]:
    """The rows of the tables that compare, with their heads."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in rows if len(row) == 1 + len(PAGES[page]) and set(row[0]) != {"-"}]


def is_head(row: list[str], page: str) -> bool:
    """Whether it names the bots."""
    return row[1] == PAGES[page][0]


ROWS = [pytest.param(row, id=f"{page}: {row[0]}") for page in PAGES for row in tables(page) if not is_head(row, page)]


def functions_in(path: Path) -> set[str]:
    """The names of the test functions in a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, functions)}


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_compare_the_same_bots_and_say_something_of_each(page: str) -> None:
    rows = tables(page)
    heads = [row for row in rows if is_head(row, page)]
    assert len(rows) - len(heads) >= LEAST[page]
    assert all(head[1:] == PAGES[page] for head in heads)
    assert all(all(row) for row in rows)


@pytest.mark.parametrize("row", ROWS)
def test_a_tick_of_ours_names_tests_that_exist(row: list[str]) -> None:
    named = _NAMED.findall(row[-1])
    assert bool(named) == row[-1].startswith("✓"), "a tick has a test, and a test belongs to a tick"
    assert len(named) == row[-1].count("`") / 2, "a name that cannot be read"
    for file, name in named:
        assert name in functions_in(FOLDER / file), f"{file} has no {name}"
