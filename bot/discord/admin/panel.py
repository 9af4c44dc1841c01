"""The settings panel: one message for the admin who opened it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import discord
from discord import ui

from bot.discord.admin.panel_ids import ACCESS, Action, Spot
from bot.discord.admin.places import CHANNEL_TYPES
from bot.discord.admin.values import value_words
from bot.models import Platform
from bot.policy.forms import Kind, form_of
from bot.policy.pages import PAGES, Page, names_on, pages_on
from bot.policy.settings import SETTINGS, EffectiveSettings, Level
from bot.policy.wording import level_words
from bot.texts import Text, Value, joined, say

_ACCESS_TITLE = Text("Discord's permissions")
Row: TypeAlias = ui.ActionRow[ui.LayoutView]


@dataclass(frozen=True, slots=True)
class Panel:
    """What is to be shown. `access` are the words of the page about Discord's own permissions."""

    spot: Spot
    here: EffectiveSettings
    now: float
    locale: str
    access: Text | None = None

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        return {"content": None, files_as: [], "view": self.view()}

    def view(self) -> ui.LayoutView:
        """At most 40 components, the parts of sections and rows counted."""
        view = ui.LayoutView(timeout=None)
        view.stop()  # its items say all in their ids, so that the library need not keep it
        container: ui.Container[ui.LayoutView] = ui.Container()
        container.add_item(ui.TextDisplay(f"### {self._say(self._title)}"))
        if self.access is not None:
            container.add_item(ui.TextDisplay(self._say(self.access)))
        for name in () if self.access is not None else self._names:
            container.add_item(self._setting(name))
        view.add_item(container)
        for row in self._rows():
            view.add_item(row)
        return view

    @property
    def level(self) -> Level:
        """At which a change is made."""
        return Level.CHANNEL if self.spot.channel_id else Level.SERVER

    @property
    def _names(self) -> tuple[str, ...]:
        return names_on(Page(self.spot.page), Platform.DISCORD)

    @property
    def _title(self) -> Text:
        if self.access is not None:
            return _ACCESS_TITLE
        page: Value = PAGES[Page(self.spot.page)].title
        if self.spot.channel_id is None:
            return Text("{page}, in the whole server", {"page": page})
        return Text("{page}, in {channel}", {"page": page, "channel": f"<#{self.spot.channel_id}>"})

    def _setting(self, name: str) -> ui.Section[ui.LayoutView] | ui.TextDisplay[ui.LayoutView]:
        words = self._about(name)
        if self.level not in SETTINGS[name].levels:
            return ui.TextDisplay(self._say(joined([words, Text("It is the same in all channels.")])))
        return ui.Section(self._say(words), accessory=self._button(name))

    def _about(self, name: str) -> Text:
        about = SETTINGS[name]
        told = {
            "setting": about.title,
            "value": value_words(name, getattr(self.here, name)),
            "origin": level_words(self.here.level(name), Platform.DISCORD),
        }
        return joined([Text("**{setting}**: {value} · *{origin}*", told), joined(["-#", about.description])], "\n")

    def _button(self, name: str) -> ui.Button[ui.LayoutView]:
        if form_of(name).kind is not Kind.SWITCH:
            custom_id = self.spot.custom_id(Action.CHANGE, name)
            return ui.Button(label=self._say(Text("Change")), custom_id=custom_id)
        is_on = is_switched_on(self.here, name, self.now)
        words = Text("Switch off") if is_on else Text("Switch on")
        return ui.Button(label=self._say(words), custom_id=self.spot.custom_id(Action.TOGGLE, name))

    def _rows(self) -> Iterator[Row]:
        if self.access is None and (own := self._set_here()):
            options = [discord.SelectOption(label=self._say(SETTINGS[name].title), value=name) for name in own]
            yield self._select(Action.RESET, Text("Take a value back …"), options)
        pages = [(page.value, about.title) for page, about in pages_on(Platform.DISCORD).items()]
        pages.append((ACCESS, _ACCESS_TITLE))
        options = [
            discord.SelectOption(label=self._say(title), value=page, default=page == self.spot.page)
            for page, title in pages
        ]
        yield self._select(Action.PAGE, Text("Page"), options)
        yield self._channels()
        if self.spot.channel_id is not None:
            button: ui.Button[ui.LayoutView] = ui.Button(
                label=self._say(Text("Back to the whole server")), custom_id=self.spot.custom_id(Action.SERVER)
            )
            yield ui.ActionRow(button)

    def _set_here(self) -> list[str]:
        return [name for name in self._names if self.here.level(name) is self.level]

    def _channels(self) -> Row:
        select: ui.ChannelSelect[ui.LayoutView] = ui.ChannelSelect(
            custom_id=self.spot.custom_id(Action.CHANNEL),
            placeholder=self._say(Text("What is different in a channel …")),
            channel_types=CHANNEL_TYPES,
            default_values=[discord.Object(int(self.spot.channel_id))] if self.spot.channel_id else [],
        )
        return ui.ActionRow(select)

    def _select(self, action: Action, words: Text, options: list[discord.SelectOption]) -> Row:
        select: ui.Select[ui.LayoutView] = ui.Select(
            custom_id=self.spot.custom_id(action), placeholder=self._say(words), options=options
        )
        return ui.ActionRow(select)

    def _say(self, words: Text) -> str:
        return say(words, self.locale)


def is_switched_on(here: EffectiveSettings, name: str, now: float) -> bool:
    """Of a setting that is on or off; a pause may be over."""
    return here.is_paused(now) if name == "paused" else bool(getattr(here, name))


def access_words(limits: list[tuple[str, list[str]]] | None) -> Text:
    """Each command with what Discord says of it, None where Discord did not tell."""
    lines: list[Value] = [
        Text(
            "In Server Settings, Integrations, you choose for each command which members, roles and channels may use "
            "it. Discord keeps to that before I hear of a command, so nothing on the other pages can undo it."
        ),
        Text("`/emoteface` changes settings only for people who may manage this server."),
    ]
    if limits is None:
        return joined([*lines, Text("Discord does not say right now what is chosen there.")], "\n")
    if not limits:
        return joined([*lines, Text("Nothing is chosen there: everybody may use all commands.")], "\n")
    return joined([*lines, *(f"**{command}**: {' '.join(rules)}" for command, rules in limits)], "\n")
