"""Settings as fields of a form in the browser: what each shows, and reading what was filled in.

Everything follows from `bot.policy.forms`, as Discord's forms do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from multidict import MultiDictProxy

from bot.models import Platform
from bot.policy.forms import NONE, Form, Kind, allowed, form_of
from bot.policy.settings import SETTINGS, EffectiveSettings, Level
from bot.policy.wording import choice_words, level_words
from bot.texts import Text, Value, joined
from bot.web.panel.words import Words

_LONGEST, _LONGEST_LIST = 200, 2000  # of what is put in


@dataclass(frozen=True, slots=True)
class Option:
    """One of several values."""

    value: str
    label: Text
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """`control` is a word of the template: switch, select, checks, number or text. `text` is its value as it is typed,
    `problem` what was wrong with what somebody typed. `taken_back_by` is what takes it back to the wider place."""

    name: str
    control: str
    title: Text
    description: Text
    origin: Text
    text: str
    options: Sequence[Option]
    form: Form
    is_own: bool
    is_fixed: bool
    problem: Text | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of what a setting can point to, by id; of a platform that has no such things they are empty."""

    platform: Platform
    channels: Mapping[str, str]
    roles: Mapping[str, str]


def field(
    name: str, here: EffectiveSettings, level: Level, naming: Naming, *, now: float, refused: Refused | None = None
) -> Field:
    """As it is in force, or with what somebody typed that cannot be."""
    about, form = SETTINGS[name], form_of(name)
    text = shown(name, here, now) if refused is None else refused.text
    options = list(_options(name, form, naming, set(text.split())))
    return Field(
        name=name,
        control=_control(form, naming),
        title=about.title,
        description=about.description,
        origin=level_words(here.level(name), naming.platform),
        text=text,
        options=options,
        form=form,
        is_own=here.level(name) is level,
        is_fixed=level not in about.levels,
        problem=None if refused is None else refused.why,
    )


@dataclass(frozen=True, slots=True)
class Refused:
    """What was typed, and why it cannot be."""

    text: str
    why: Text

    @classmethod
    def of(cls, name: str, text: str, most: float | None = None) -> Refused:
        """In words of the setting's own bounds."""
        return cls(text, Text("Please give {allowed}.", {"allowed": allowed(name, most)}))


def shown(name: str, here: EffectiveSettings, now: float) -> str:
    """The value in force as `bot.policy.forms.typed` would read it."""
    value: Any = here.is_paused(now) if name == "paused" else getattr(here, name)
    match form_of(name).kind:
        case _ if value is None:
            return NONE
        case Kind.SWITCH:
            return "on" if value else "off"
        case Kind.CHOICES | Kind.ROLES:
            return " ".join(value) or NONE
        case Kind.TWITCH_CHANNEL:
            return str(value.login or value.id)
        case Kind.NUMBER:
            return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
        case _:
            return str(value)


def filled_in(name: str, form: MultiDictProxy[str]) -> str:
    """As somebody would type it: see `bot.policy.forms.typed`. What is not ticked is off, nothing written is none."""
    given = form.getall(name, [])
    kind = form_of(name).kind
    if kind is Kind.SWITCH:
        return "on" if "on" in given else "off"
    return (
        " ".join(given)[:_LONGEST_LIST] if kind in {Kind.CHOICES, Kind.ROLES} else "".join(given)[:_LONGEST]
    ) or NONE


def _control(form: Form, naming: Naming) -> str:
    match form.kind:
        case Kind.SWITCH:
            return "switch"
        case Kind.CHOICE:
            return "select"
        case Kind.CHOICES:
            return "checks"
        case Kind.ROLES:
            return "checks" if naming.roles else "text"
        case Kind.CHANNEL:
            return "select" if naming.channels else "text"
        case Kind.NUMBER:
            return "number"
        case _:
            return "text"


def _options(name: str, form: Form, naming: Naming, chosen: set[str]) -> Iterable[Option]:
    several = form.kind in {Kind.CHOICES, Kind.ROLES}
    values: list[tuple[str, Value]] = [(each, choice_words(name, each)) for each in form.choices]
    if form.kind in {Kind.ROLES, Kind.CHANNEL}:
        names = naming.roles if form.kind is Kind.ROLES else naming.channels
        values = [*names.items(), *((each, each) for each in sorted(chosen - names.keys() - {NONE}))]
    if form.can_be_none and not several:
        values.append((NONE, Words.none))
    return [Option(value, joined([label]), value in chosen) for value, label in values]
