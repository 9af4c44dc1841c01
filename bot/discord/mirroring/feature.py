"""`/emoteface mirror`: which Twitch channels' faces are shown in a channel, and a code to add one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import ui

from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.feature import Feature, subcommand, used
from bot.discord.reach import lacking
from bot.errors import MissingPermissions
from bot.mirror.linking import CODE_LIVES_S, Linking
from bot.replies import hours
from bot.store.mirrors import MirrorLink
from bot.texts import Text, Value, joined, say

_CODE, _UNLINK = "code", "unlink"
_TEMPLATE = r"mirror:(?P<channel>\d{1,20}):(?P<action>code|unlink):(?P<twitch>[a-z0-9:]{0,60})"


@dataclass(frozen=True, slots=True)
class MirrorList:
    """See `Content.arguments`. `code` is a new one, to be shown this once."""

    channel_id: str
    links: Sequence[MirrorLink]
    locale: str
    code: str | None = None

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """In place of what was there."""
        return {"content": None, files_as: [], "view": self._view()}

    def _view(self) -> ui.LayoutView:
        view = ui.LayoutView(timeout=None)
        view.stop()  # its items say all in their ids
        title = Text("Faces from Twitch in {channel}", {"channel": f"<#{self.channel_id}>"})
        view.add_item(ui.TextDisplay(self._say(joined(["###", title]))))
        if not self.links:
            view.add_item(ui.TextDisplay(self._say(Text("None yet."))))
        for link in self.links:
            unlink = self._button(Text("Unlink"), _UNLINK, link.from_scope_id)
            view.add_item(ui.Section(f"`{link.from_name.replace('`', '')}`", accessory=unlink))
        if self.code is not None:
            view.add_item(ui.TextDisplay(self._say(_how(self.code))))
        view.add_item(ui.ActionRow(self._button(Text("New code"), _CODE)))
        return view

    def _button(self, words: Text, action: str, twitch: str = "") -> ui.Button[ui.LayoutView]:
        return ui.Button(label=self._say(words), custom_id=f"mirror:{self.channel_id}:{action}:{twitch}")

    def _say(self, words: Text) -> str:
        return say(words, self.locale)


def _how(code: str) -> Text:
    told: dict[str, Value] = {"command": f"`!faceset mirror {code}`", "wait": hours(CODE_LIVES_S)}
    return Text(
        "Now somebody who moderates the Twitch channel says {command} in its chat, within {wait}. "
        "The code works once; until then, keep it to yourself.",
        told,
    )


class Mirrors(Feature):
    """For admins; the other side agrees in the Twitch chat."""

    def __init__(self, linking: Linking, desk: Desk) -> None:
        self._linking = linking
        self._desk = desk

    @subcommand("mirror", "For admins: show the faces of a Twitch channel in this channel")
    async def mirror(self, interaction: discord.Interaction) -> None:
        """The list of the channel in which it is used."""
        self._desk.hear(interaction, lambda admin: self._list(admin, str(interaction.channel_id)))

    @used(_TEMPLATE)
    def pressed(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """A button of the list."""
        channel_id, twitch = match["channel"], match["twitch"]

        async def work(admin: Admin) -> Answer:
            if match["action"] == _UNLINK:
                await self._linking.unlink_channel(channel_id, twitch, admin.user_id)
                return await self._list(admin, channel_id)
            _check_permissions(interaction)
            code = await self._linking.offer(admin.scope_id, channel_id, admin.user_id)
            return await self._list(admin, channel_id, code)

        self._desk.hear_press(interaction, work)

    async def _list(self, admin: Admin, channel_id: str, code: str | None = None) -> Answer:
        return MirrorList(channel_id, await self._linking.of_channel(channel_id), admin.locale, code)


def _check_permissions(interaction: discord.Interaction[Any]) -> None:
    """Raise MissingPermissions where faces could not be posted."""
    permissions = interaction.app_permissions
    if isinstance(interaction.channel, discord.Thread):
        permissions.send_messages = permissions.send_messages_in_threads
    if missing := lacking(permissions):
        raise MissingPermissions(missing)
