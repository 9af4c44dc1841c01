"""The settings as commands, for whoever keeps their servers in files; and the record of changes."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import discord
import yaml
from discord import app_commands

from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.admin.places import ChannelId
from bot.discord.admin.values import entry_words, value_words
from bot.discord.feature import Feature, subcommand
from bot.discord.locales import of_asker
from bot.errors import InvalidSetting
from bot.models import Platform
from bot.policy.changing import Changing
from bot.policy.forms import NONE, Kind, form_of
from bot.policy.policy import Policy
from bot.policy.settings import SETTINGS, Level
from bot.store.audit import Audit
from bot.store.scope_settings import WHOLE_SCOPE, StoredSetting
from bot.texts import Text, joined, say

_MAX_CHOICES = 25
_ENTRIES = 15
_FILENAME = "emoteface.yaml"


@dataclass(frozen=True, slots=True)
class Exported:
    """A file to download, with words above it."""

    words: str
    content: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        return {"content": self.words, files_as: [discord.File(io.BytesIO(self.content.encode()), _FILENAME)]}


class Scripting(Feature):
    """What the panel does, without looking at it."""

    def __init__(
        self,
        policy: Policy,
        changing: Changing,
        audit: Audit,
        desk: Desk,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._changing = changing
        self._audit = audit
        self._desk = desk
        self._clock = clock

    async def _suggest_name(self, interaction: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
        """By name or title."""
        locale, wanted = of_asker(interaction), text.strip().lower()
        here = {name: about for name, about in SETTINGS.items() if Platform.DISCORD in about.platforms}
        titles = {name: f"{name} · {say(about.title, locale)}" for name, about in here.items()}
        found = [name for name, title in titles.items() if wanted in title.lower()]
        return [app_commands.Choice(name=titles[name], value=name) for name in found[:_MAX_CHOICES]]

    async def _suggest_value(self, interaction: discord.Interaction, text: str) -> list[app_commands.Choice[str]]:
        """Where there are so few that they can be listed; otherwise what is in force."""
        name = getattr(interaction.namespace, "name", None)
        if name not in SETTINGS:
            return []
        form = form_of(name)
        values = ["on", "off"] if form.kind is Kind.SWITCH else list(form.choices)
        if form.can_be_none:
            values.append(NONE)
        *before, last = text.rsplit(",", 1)
        begun = f"{before[0]}," if before and form.kind is Kind.CHOICES else ""
        typed = (last if begun else text).strip().lower()
        return [app_commands.Choice(name=begun + each, value=begun + each) for each in values if typed in each]

    @subcommand("set", "For admins: give a setting a value")
    @app_commands.describe(
        name="Which setting", value="What it should be", channel="Only there; leave it out for the whole server"
    )
    @app_commands.autocomplete(name=_suggest_name, value=_suggest_value)
    async def set(
        self, interaction: discord.Interaction, name: str, value: str, channel: ChannelId | None = None
    ) -> None:
        """At once, everywhere."""
        self._desk.hear(interaction, lambda admin: self._set(admin, name, value, channel))

    @subcommand("reset", "For admins: take a setting back to what holds more widely")
    @app_commands.describe(name="Which setting", channel="Only there; leave it out for the whole server")
    @app_commands.autocomplete(name=_suggest_name)
    async def reset(self, interaction: discord.Interaction, name: str, channel: ChannelId | None = None) -> None:
        """A channel's to the server's, the server's to the bot's own."""
        self._desk.hear(interaction, lambda admin: self._reset(admin, name, channel))

    @subcommand("export", "For admins: all settings of this server and its channels in a YAML file")
    async def export(self, interaction: discord.Interaction) -> None:
        """What was set, and nothing that is inherited."""
        self._desk.hear(interaction, self._export)

    @subcommand("audit", "For admins: who changed what, and when")
    async def audit(self, interaction: discord.Interaction) -> None:
        """The newest changes first."""
        self._desk.hear(interaction, self._show_audit)

    async def _set(self, admin: Admin, name: str, text: str, channel_id: str | None) -> Answer:
        _check(name)
        if refusal := _refusal_in_channel(name, channel_id):
            return refusal
        await self._changing.set(admin.scope_id, channel_id, name, text, by_user_id=admin.user_id)
        return await self._now(admin, name, channel_id)

    async def _reset(self, admin: Admin, name: str, channel_id: str | None) -> Answer:
        _check(name)
        if refusal := _refusal_in_channel(name, channel_id):
            return refusal
        await self._policy.reset(admin.scope_id, channel_id, name, admin.user_id)
        return await self._now(admin, name, channel_id)

    async def _now(self, admin: Admin, name: str, channel_id: str | None) -> Text:
        here = await self._policy.effective(admin.scope_id, channel_id)
        told = {"setting": SETTINGS[name].title, "value": value_words(name, getattr(here, name))}
        if channel_id is not None:
            return Text("Done. {setting} in {channel}: {value}.", {**told, "channel": f"<#{channel_id}>"})
        return Text("Done. {setting}: {value}.", told)

    async def _export(self, admin: Admin) -> Answer:
        words = Text("What was chosen here. `/emoteface set` takes the same names and values.")
        return Exported(say(words, admin.locale), as_yaml(await self._policy.stored(admin.scope_id)))

    async def _show_audit(self, admin: Admin) -> Answer:
        entries = await self._audit.recent(admin.scope_id, _ENTRIES)
        if not entries:
            return Text("Nothing was changed here yet.")
        lines = [joined([f"<t:{entry.at:.0f}:R>", entry_words(entry)]) for entry in entries]
        return joined(lines, "\n")


def as_yaml(stored: list[StoredSetting]) -> str:
    """The server's values by name, then those of each channel by its id."""
    server = {each.name: each.value for each in stored if each.channel_id == WHOLE_SCOPE}
    channels: dict[str, dict[str, Any]] = {}
    for each in stored:
        if each.channel_id != WHOLE_SCOPE:
            channels.setdefault(each.channel_id, {})[each.name] = each.value
    return yaml.safe_dump({"server": server, "channels": channels}, allow_unicode=True)


def _check(name: str) -> None:
    if name not in SETTINGS:
        raise InvalidSetting(name)


def _refusal_in_channel(name: str, channel_id: str | None) -> Text | None:
    if channel_id is None or Level.CHANNEL in SETTINGS[name].levels:
        return None
    return Text("{setting} is the same in all channels of a server.", {"setting": SETTINGS[name].title})
