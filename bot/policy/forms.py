"""How people put in the value of a setting: which kind it is, what it takes, and reading what they typed.

All of it follows from the types and bounds in `config.servers.ServerSettings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from bot.errors import InvalidSetting
from bot.texts import Text, Value, either
from config.servers import ServerSettings, TwitchChannel

NONE = "none"
_ON, _OFF = {"on", "yes", "true", "1"}, {"off", "no", "false", "0"}
_ID = re.compile(r"\d{1,20}")


class Kind(StrEnum):
    """What a value is."""

    SWITCH = "switch"
    CHOICE = "choice"
    CHOICES = "choices"
    NUMBER = "number"
    WORD = "word"
    LINE = "line"  # words
    ROLES = "roles"
    CHANNEL = "channel"
    TWITCH_CHANNEL = "twitch_channel"  # typed by name, looked up by whoever can


@dataclass(frozen=True, slots=True)
class Form:
    """`least` and `most` are a number's bounds, or a word's lengths; `can_be_none` says that "none" is a value."""

    kind: Kind
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = math.inf
    is_whole: bool = False
    can_be_none: bool = False


@cache
def form_of(name: str) -> Form:
    """Of a setting that there is."""
    field = ServerSettings.model_fields[name]
    kinds, can_be_none = _alternatives(field.annotation)
    bounds: dict[str, Any] = {}
    for rule in field.metadata:
        for ours, theirs in (("least", "ge"), ("most", "le"), ("least", "min_length"), ("most", "max_length")):
            if (bound := getattr(rule, theirs, None)) is not None:
                bounds[ours] = bound
    form = _form(name, kinds, bounds | {"can_be_none": can_be_none})
    is_free = form.kind is Kind.WORD and not any(getattr(rule, "pattern", None) for rule in field.metadata)
    return replace(form, kind=Kind.LINE) if is_free else form


def typed(name: str, text: str) -> Any:
    """The value that a text means, for `Policy.set`, which checks it. A Twitch channel stays its name.

    Raise InvalidSetting for what cannot be read.
    """
    form, text = form_of(name), text.strip()
    if form.can_be_none and text.lower() in {"", NONE}:
        return None
    match form.kind:
        case Kind.SWITCH:
            return _switch(name, text.lower())
        case Kind.NUMBER:
            return _number(name, text.replace(",", "."), is_whole=form.is_whole)
        case Kind.CHOICES:
            return [] if text.lower() in {"", NONE} else re.split(r"[\s,]+", text.lower())
        case Kind.ROLES:
            return _ID.findall(text) if text.lower() not in {"", NONE} else []
        case Kind.CHANNEL:
            return _one_id(name, text)
        case Kind.CHOICE | Kind.TWITCH_CHANNEL:
            return text.lower()
        case Kind.WORD | Kind.LINE:
            return text


def allowed(name: str, most: float | None = None) -> Text:
    """What the setting takes, in words; `most` where the bot's own settings allow less than the bound."""
    form = form_of(name)
    words = _allowed(form, form.most if most is None else most)
    takes_none = (form.can_be_none and most is None) or form.kind in {Kind.CHOICES, Kind.ROLES}
    return Text("{allowed}, or none", {"allowed": words}) if takes_none else words


def _allowed(form: Form, most: float) -> Text:
    bounds: dict[str, Value] = {"least": form.least, "most": most}
    match form.kind:
        case Kind.SWITCH:
            return Text("on or off")
        case Kind.CHOICE:
            return either(f"`{each}`" for each in form.choices)
        case Kind.CHOICES:
            return Text("some of these: {choices}", {"choices": " ".join(f"`{each}`" for each in form.choices)})
        case Kind.NUMBER | Kind.LINE | Kind.WORD | Kind.ROLES:
            return _bounded(form, bounds)
        case Kind.CHANNEL:
            return Text("a channel")
        case Kind.TWITCH_CHANNEL:
            return Text("the name of a Twitch channel")


def _bounded(form: Form, bounds: Mapping[str, Value]) -> Text:
    match form.kind:
        case Kind.NUMBER if form.is_whole:
            return Text("a whole number from {least} to {most}", bounds)
        case Kind.NUMBER:
            return Text("a number from {least} to {most}", bounds)
        case Kind.LINE:
            return Text("up to {most} characters", bounds)
        case Kind.WORD:
            return Text("up to {most} characters without spaces", bounds)
        case _:
            return Text("up to {most} roles", bounds)


def _form(name: str, kinds: Sequence[Any], about: dict[str, Any]) -> Form:
    if bool in kinds:  # a pause can also be a moment
        return Form(Kind.SWITCH, **about)
    [kind] = kinds
    if get_origin(kind) is tuple:
        [inside], _ = _alternatives(get_args(kind)[0])
        if get_origin(inside) is Literal:
            return Form(Kind.CHOICES, get_args(inside), **about)
        return Form(Kind.ROLES, **about)
    if get_origin(kind) is Literal:
        return Form(Kind.CHOICE, get_args(kind), **about)
    if kind is str:
        return Form(Kind.CHANNEL if name.endswith("_channel_id") else Kind.WORD, **about)
    if kind in {int, float}:
        return Form(Kind.NUMBER, is_whole=kind is int, **about)
    assert kind is TwitchChannel, name
    return Form(Kind.TWITCH_CHANNEL, **about)


def _alternatives(annotation: Any) -> tuple[list[Any], bool]:
    """What a value can be beside None, and whether it can be None."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) not in {Union, UnionType}:
        return [annotation], False
    inside = [each for each in get_args(annotation) if each is not type(None)]
    return [found for each in inside for found in _alternatives(each)[0]], len(inside) < len(get_args(annotation))


def _switch(name: str, text: str) -> bool:
    if text not in _ON | _OFF:
        raise InvalidSetting(name)
    return text in _ON


def _number(name: str, text: str, *, is_whole: bool) -> float:
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        raise InvalidSetting(name) from None
    if not math.isfinite(number):
        raise InvalidSetting(name)
    return number


def _one_id(name: str, text: str) -> str:
    if (found := _ID.search(text)) is None:
        raise InvalidSetting(name)
    return found[0]
