"""What people put into selects and forms, as Discord sends it to the bot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from tests.fakes.discord import layout
from tests.fakes.discord.interaction_payloads import resolve
from tests.fakes.discord.layout import Raw
from tests.fakes.discord.payloads import Hosts
from tests.fakes.discord.world import Attachment, Channel, Role, User

Choice: TypeAlias = str | User | Channel | Role


def chosen_values(channel: Channel, select: Raw, values: Sequence[Choice], hosts: Hosts) -> Raw:
    """Options are named by value or label; people and places are themselves."""
    resolved: Raw = {}
    chosen = []
    named = {each[name]: each["value"] for each in select.get("options", []) for name in ("label", "value")}
    for value in values:
        if isinstance(value, str):
            assert value in named, f"{value!r} is none of {sorted(named)}"
            chosen.append(named[value])
        else:
            resolve(value, resolved, channel, hosts)
            chosen.append(str(value.id))
    return {"values": chosen} | ({} if select["type"] == layout.SELECT else {"resolved": resolved})


def filled(modal: Raw, values: Raw, channel: Channel, hosts: Hosts) -> Raw:
    """A form with `values` by custom id or label; what is left out keeps what the form proposes."""
    form = _Form(dict(values), channel, hosts)
    components = [form.filled(each) for each in modal["components"]]
    assert not form.given, f"the form has no {sorted(form.given)}"
    return {"custom_id": modal["custom_id"], "components": components, "resolved": form.resolved}


class _Form:
    def __init__(self, given: Raw, channel: Channel, hosts: Hosts) -> None:
        self.given, self.resolved = given, Raw()
        self._channel, self._hosts = channel, hosts

    def filled(self, component: Raw, label: str = "") -> Raw:
        kind = component["type"]
        about = {"type": kind, "id": component["id"]}
        if kind == layout.TEXT:
            return about
        if kind == layout.ROW:
            return about | {
                "components": [self.filled(each, each.get("label") or "") for each in component["components"]]
            }
        if kind == layout.LABEL:
            return about | {"component": self.filled(component["component"], component["label"])}
        name = component["custom_id"]
        value = self.given.pop(name, self.given.pop(label, None))
        return about | {"custom_id": name} | self._value(component, value)

    def _value(self, component: Raw, value: Any) -> Raw:
        kind, needed = component["type"], component.get("required", True)
        if kind in layout.SELECTS:
            return self._chosen(component, value, needed=needed)
        if kind == layout.FILE_UPLOAD:
            return {"values": [self._uploaded(each) for each in value or []]}
        if kind == layout.CHECKBOX_GROUP:
            return {"values": value or []}
        if kind in {layout.RADIO_GROUP, layout.CHECKBOX}:
            return {"value": value}
        text = component.get("value") or "" if value is None else value
        shortest, longest = component.get("min_length") or 0, component.get("max_length") or 4000
        assert text or not needed, f"{component['custom_id']} must be filled in"
        assert not text or shortest <= len(text) <= longest, f"takes {shortest} to {longest} characters"
        return {"value": text}

    def _chosen(self, component: Raw, value: Any, *, needed: bool) -> Raw:
        proposed = [each["value"] for each in component.get("options", []) if each.get("default")]
        found = chosen_values(self._channel, component, proposed if value is None else value, self._hosts)
        assert found["values"] or not needed, f"{component['custom_id']} must be chosen"
        for group, members in found.get("resolved", {}).items():
            self.resolved.setdefault(group, {}).update(members)
        return {"values": found["values"]}

    def _uploaded(self, file: Attachment) -> str:
        resolve(file, self.resolved, self._channel, self._hosts)
        return str(file.id)
