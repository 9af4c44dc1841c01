"""The form in which one value of the panel is changed, and reading what was filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import discord
from discord import ui

from bot.discord.admin.panel_ids import Action, Spot
from bot.policy.forms import NONE, Form, Kind, allowed, form_of
from bot.policy.settings import SETTINGS, EffectiveSettings
from bot.policy.wording import choice_words
from bot.texts import Text, joined, say

_FIELD = "value"
_LONGEST_TITLE, _LONGEST_LABEL = 45, 100
_LONGEST_LOGIN = 25


def change_form(spot: Spot, name: str, here: EffectiveSettings, locale: str) -> ui.Modal:
    """Filled in with what is in force. The library keeps nothing of it: its id says what it is about."""
    about = SETTINGS[name]
    form = ui.Modal(title=say(about.title, locale)[:_LONGEST_TITLE], custom_id=spot.custom_id(Action.FORM, name))
    form.stop()
    label: ui.Label[Any] = ui.Label(
        text=say(Text("New value"), locale),
        description=say(allowed(name), locale)[:_LONGEST_LABEL],
        component=_field(name, getattr(here, name), locale),
    )
    form.add_item(label)
    return form


def filled_in(interaction: discord.Interaction[Any], name: str) -> str:
    """As somebody would type it: see `bot.policy.forms.typed`. Nothing chosen or written is none."""
    data: Any = interaction.data or {}
    for each in _inputs(data.get("components", [])):
        if each.get("custom_id") == _FIELD:
            values = each.get("values")
            return " ".join(values) if values is not None else str(each.get("value") or "")
    return ""


def _field(name: str, value: Any, locale: str) -> ui.Item[Any]:
    form = form_of(name)
    is_needed = not (form.can_be_none or form.kind in {Kind.CHOICES, Kind.ROLES})
    match form.kind:
        case Kind.CHOICE | Kind.CHOICES:
            return _choices(name, form, value, locale)
        case Kind.ROLES:
            roles = [discord.Object(int(each)) for each in value]
            return ui.RoleSelect(
                custom_id=_FIELD, min_values=0, max_values=int(form.most), default_values=roles, required=False
            )
        case Kind.CHANNEL:
            chosen = [] if value is None else [discord.Object(int(value))]
            return ui.ChannelSelect(
                custom_id=_FIELD,
                channel_types=[discord.ChannelType.text],
                min_values=0,
                default_values=chosen,
                required=False,
            )
        case Kind.TWITCH_CHANNEL:
            shown = None if value is None else value.login or value.id
            return ui.TextInput(custom_id=_FIELD, default=shown, max_length=_LONGEST_LOGIN, required=False)
        case Kind.NUMBER:
            shown = None if value is None else f"{value:g}" if form.most < 1e6 else str(value)
            return ui.TextInput(custom_id=_FIELD, default=shown, max_length=12, required=is_needed)
        case _:
            return ui.TextInput(custom_id=_FIELD, default=value, max_length=int(form.most), required=is_needed)


def _choices(name: str, form: Form, value: Any, locale: str) -> ui.Select[Any]:
    several = form.kind is Kind.CHOICES
    chosen = set(value or ()) if several else {value}
    options = [
        discord.SelectOption(label=say(joined([choice_words(name, each)]), locale), value=each, default=each in chosen)
        for each in form.choices
    ]
    if form.can_be_none and not several:
        options.append(discord.SelectOption(label=say(Text("none"), locale), value=NONE, default=value is None))
    return ui.Select(
        custom_id=_FIELD,
        options=options,
        min_values=0 if several else 1,
        max_values=len(options) if several else 1,
        required=not several,
    )


def _inputs(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _inputs([*component.get("components", []), *filter(None, [component.get("component")])])
