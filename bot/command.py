"""The command grammar, once and for all: bare words are emotes, options are `name:value`.

    !face 😂 <:kappa:25> style:classic realism:0.4 x:5 seed:7 layout:strip
    !face 🐱 iterations:auto

Option names are a fixed set and an emote name never contains a colon inside (`:joy:` has them at its ends), so the
two cannot collide. Pure: no platform, no catalogue, no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.errors import InvalidOption
from bot.texts import Text, either
from config.settings import InferenceSettings
from inference.protocol import AUTO, MAX_ITERATIONS, MAX_SEED, FaceOptions, Format, Iterations, Layout, Style

COMMAND = "face"
INFO_COMMAND = "emoteinfo"
HELP = "help"
GUESS_COMMAND = "guess"


@dataclass(frozen=True, slots=True)
class FaceCommand:
    """What was asked for: `words` still to be resolved, in order, and complete options."""

    words: tuple[str, ...]
    options: FaceOptions


def strip_prefix(text: str, prefix: str, command: str = COMMAND) -> str | None:
    """The rest of `text` after `!face` (any case), or None when it is not this command.

    A space may be missing before an emote (`!face😂`), but `!faceplant` is somebody else's command.
    """
    text, start = text.strip(), f"{prefix}{command}"
    rest = text[len(start) :]
    if text[: len(start)].lower() != start.lower() or re.match(r"\w", rest):
        return None
    return rest.strip()


def default_options(settings: InferenceSettings) -> FaceOptions:
    """What an instance draws when nobody says otherwise."""
    return FaceOptions(style=Style(settings.style), realism=settings.realism)


def parse_command(text: str, defaults: FaceOptions, given: Mapping[str, Any] = MappingProxyType({})) -> FaceCommand:
    """Split what follows the command. The last of a repeated option counts; raise InvalidOption for a bad value.

    `given` are options by their field's name that were chosen otherwise and beat those in the text.
    """
    words: list[str] = []
    values: dict[str, Any] = {}
    for token in text.split():
        if is_option(token):
            name, _, value = token.partition(":")
            option = _OPTIONS[name.lower()]
            values[option.field] = _read(name.lower(), option, value)
        else:
            words.append(token)
    return FaceCommand(tuple(words), defaults.changed(**{**values, **given}))


def is_option(word: str) -> bool:
    """Whether it sets an option, well or badly."""
    name, colon, _ = word.partition(":")
    return bool(colon) and name.lower() in _OPTIONS


def asks_for_help(text: str) -> bool:
    """The one word that is no emote when it stands alone: `:help:` is the emote of that name, and so is `help x:1`."""
    return text.strip().lower() == HELP


def read_iterations(text: str) -> Iterations:
    """`auto` in any case, or a number. Raise ValueError for anything else."""
    return AUTO if text.lower() == AUTO else _bounded(int, 1, MAX_ITERATIONS)(text)


@dataclass(frozen=True, slots=True)
class _Option:
    field: str
    read: Callable[[str], Any]
    allowed: Text


def _bounded(read: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        value = read(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


_ITERATIONS = _Option(
    "iterations",
    read_iterations,
    Text("a whole number from 1 to {most}, or {auto}", {"most": MAX_ITERATIONS, "auto": AUTO}),
)
_OPTIONS: dict[str, _Option] = {
    "style": _Option("style", lambda text: Style(text.lower()), either(Style)),
    "realism": _Option("realism", _bounded(float, 0, 1), Text("a number from 0 to 1")),
    "x": _ITERATIONS,
    "iterations": _ITERATIONS,
    "seed": _Option("seed", _bounded(int, 0, MAX_SEED), Text("a whole number from 0 to {most}", {"most": MAX_SEED})),
    "layout": _Option("layout", lambda text: Layout(text.lower()), either(Layout)),
    "format": _Option("form", lambda text: Format(text.lower()), either(Format)),
}


def _read(name: str, option: _Option, value: str) -> Any:
    try:
        return option.read(value)
    except ValueError:
        raise InvalidOption(name, option.allowed) from None
