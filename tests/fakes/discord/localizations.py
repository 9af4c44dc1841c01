"""Commands in other languages, as Discord takes and gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord

from tests.fakes.discord import checks

NAMES, DESCRIPTIONS = "name_localizations", "description_localizations"
_LOCALES = {locale.value for locale in discord.Locale}


def checked(command: dict[str, Any], index: int) -> dict[str, Any]:
    """Every name and description in every language obeys what the English ones obey; a menu's name may be anything."""
    field = str(index)
    for thing in _all(command):
        for locale in {*(thing.get(NAMES) or {}), *(thing.get(DESCRIPTIONS) or {})}:
            checks.require(locale in _LOCALES, f"{field}.{NAMES}", "BASE_TYPE_CHOICES", f"{locale} is no locale.")
            if thing.get("description"):
                checks.check_naming({"name": in_locale(thing, locale), "description": _described(thing, locale)}, field)
        _check_siblings(thing.get("options", []), field)
    return command


def in_locale(thing: dict[str, Any], locale: str) -> str:
    """What a command, an option or a choice is called there."""
    return str((thing.get(NAMES) or {}).get(locale, thing["name"]))


def without(thing: Any) -> Any:
    """As Discord answers whoever does not ask for the translations."""
    if isinstance(thing, list):
        return [without(each) for each in thing]
    if not isinstance(thing, dict):
        return thing
    return {name: None if name in {NAMES, DESCRIPTIONS} else without(value) for name, value in thing.items()}


def _described(thing: dict[str, Any], locale: str) -> str:
    return str((thing.get(DESCRIPTIONS) or {}).get(locale, thing["description"]))


def _all(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield command
    for option in command.get("options", []):
        yield from _all(option)


def _check_siblings(options: list[dict[str, Any]], field: str) -> None:
    for locale in {locale for option in options for locale in option.get(NAMES) or {}}:
        names = [in_locale(option, locale) for option in options]
        unique = len(set(names)) == len(names)
        checks.require(unique, field, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", f"Twice in {locale}.")
