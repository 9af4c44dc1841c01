"""`/emoteface purge`: the faces of the last hours go, their messages and their pictures.

The messages are noted in the store as due and taken away one by one by `Removal`, which keeps to Discord's limits, goes
on after a restart and tries again what did not work.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import app_commands, ui

from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.admin.places import ChannelId
from bot.discord.feature import Feature, subcommand, used
from bot.discord.pacing import Pacing
from bot.discord.service import Faces
from bot.models import Place, Platform
from bot.policy.policy import Policy
from bot.store.audit import Audit, AuditEntry
from bot.texts import Text, Value, say

_MAX_HOURS = 720  # as long as requests are known
_TEMPLATE = r"purge:(?P<hours>\d{1,3}):(?P<channel>\d{1,20})"
_WATCHED_S = 600.0  # an answer to a command can be changed for 15 minutes


@dataclass(frozen=True, slots=True)
class Words:
    """Words alone, with or without a button; see `Content.arguments`."""

    said: str
    button: ui.Button[ui.View] | None = None

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """Whatever was there goes."""
        view = None
        if self.button is not None:
            view = ui.View(timeout=None)
            view.stop()
            view.add_item(self.button)
        return {"content": self.said, files_as: [], "view": view}


class Purging(Feature):
    """Asks first, then says how many go and how many are left."""

    def __init__(
        self,
        faces: Faces,
        policy: Policy,
        audit: Audit,
        desk: Desk,
        *,
        pacing: Pacing,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._faces = faces
        self._policy = policy
        self._audit = audit
        self._desk = desk
        self._pacing = pacing
        self._clock = clock

    @subcommand("purge", "For admins: delete my faces of the last hours, here or in one channel")
    @app_commands.describe(hours="How far back", channel="Only there; leave it out for the whole server")
    async def purge(
        self,
        interaction: discord.Interaction,
        hours: app_commands.Range[int, 1, _MAX_HOURS],
        channel: ChannelId | None = None,
    ) -> None:
        """Nothing goes before a button is pressed."""
        self._desk.hear(interaction, lambda admin: self._ask(admin, hours, channel))

    @used(_TEMPLATE)
    def confirmed(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """Somebody pressed the button, whose id says to what."""
        hours, channel_id = int(match["hours"]), None if match["channel"] == "0" else match["channel"]
        self._desk.hear_press(interaction, lambda admin: self._purge(admin, hours, channel_id))

    async def _ask(self, admin: Admin, hours: int, channel_id: str | None) -> Answer:
        told: dict[str, Value] = {"hours": hours, "channel": f"<#{channel_id}>"}
        words = (
            Text("All my faces of the last {hours} hours in this server go, and their pictures. Sure?", told)
            if channel_id is None
            else Text("All my faces of the last {hours} hours in {channel} go, and their pictures. Sure?", told)
        )
        button: ui.Button[ui.View] = ui.Button(
            label=say(Text("Delete them"), admin.locale),
            style=discord.ButtonStyle.danger,
            custom_id=f"purge:{hours}:{channel_id or 0}",
        )
        return Words(say(words, admin.locale), button)

    async def _purge(self, admin: Admin, hours: int, channel_id: str | None) -> Answer:
        place, now = Place(Platform.DISCORD, admin.scope_id, channel_id), self._clock()
        faces = await self._faces.purge(place, now - 3600 * hours)
        where = {} if channel_id is None else {"channel_id": channel_id}
        detail = {"faces": faces, "hours": hours, **where}
        entry = AuditEntry(admin.scope_id, admin.user_id, now, "purged", detail)
        await self._audit.record(entry)
        self._policy.announce(entry)
        left = await self._wait(place)
        told = {"gone": max(0, faces - left), "faces": faces}
        words = Text("Deleted: {gone} of {faces} faces. All their pictures are gone.", told)
        if left:
            words = Text("Deleted: {gone} of {faces} faces, the others follow. All their pictures are gone.", told)
        return Words(say(words, admin.locale))

    async def _wait(self, place: Place) -> int:
        """Until all are gone, or as long as the answer can be given; returns how many are left."""
        for _ in range(int(_WATCHED_S / self._pacing.removal_every_s)):
            if not (left := await self._faces.to_purge(place)):
                return 0
            await asyncio.sleep(self._pacing.removal_every_s)
        return left
