"""Reading components as Discord stores them: raw JSON, nested rows, sections and containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROW, BUTTON, SELECT, TEXT_INPUT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = range(1, 9)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = range(9, 15)
CONTAINER, LABEL, FILE_UPLOAD = 17, 18, 19
RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 21, 22, 23
SELECTS = {SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT}
INPUTS = {TEXT_INPUT, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX} | SELECTS
LINK_BUTTON, PREMIUM_BUTTON = 5, 6

Raw = dict[str, Any]


def walk(components: list[Raw]) -> Iterator[Raw]:
    """Every component, parents before their children, in the order people see them."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        for only in ("component", "accessory"):
            if component.get(only):
                yield from walk([component[only]])


def media(components: list[Raw]) -> Iterator[tuple[Raw, Raw]]:
    """Each picture or file with what describes it: (media item, its holder)."""
    for component in walk(components):
        match component["type"]:
            case 11:
                yield component["media"], component
            case 12:
                yield from ((item["media"], item) for item in component["items"])
            case 13:
                yield component["file"], component


def numbered(components: list[Raw]) -> list[Raw]:
    """The same with the ids that Discord gives to components without one."""
    taken = {component["id"] for component in walk(components) if component.get("id")}
    free = (number for number in range(1, 1000) if number not in taken)
    for component in walk(components):
        if not component.get("id"):
            component["id"] = next(free)
    return components


def find(components: list[Raw], name: str, kinds: set[int]) -> Raw:
    """The enabled component with this custom id or, of buttons, label or emoji; what people cannot use is an error."""
    usable = [component for component in walk(components) if component["type"] in kinds]
    for component in usable:
        if name in {component.get("custom_id"), component.get("label"), (component.get("emoji") or {}).get("name")}:
            assert not component.get("disabled"), f"{name!r} is disabled"
            return component
    names = [component.get("label") or component.get("custom_id") for component in usable]
    raise LookupError(f"nothing called {name!r} among {names}")
