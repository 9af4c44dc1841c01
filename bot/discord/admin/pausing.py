"""`/emoteface pause` and `resume`."""

from __future__ import annotations

import time
from collections.abc import Callable

import discord
from discord import app_commands

from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.feature import Feature, subcommand
from bot.policy.policy import Policy
from bot.texts import Text

_MAX_MINUTES = 7 * 24 * 60


class Pausing(Feature):
    """A pause is the setting `paused`, with an end or without; it ends by itself, also over a restart."""

    def __init__(self, policy: Policy, desk: Desk, *, clock: Callable[[], float] = time.time) -> None:
        self._policy = policy
        self._desk = desk
        self._clock = clock

    @subcommand("pause", "For admins: nothing is drawn in this server for a while")
    @app_commands.describe(minutes="For how long; leave it out to pause until you resume")
    async def pause(
        self, interaction: discord.Interaction, minutes: app_commands.Range[int, 1, _MAX_MINUTES] | None = None
    ) -> None:
        """What waits already is still drawn."""
        self._desk.hear(interaction, lambda admin: self._pause(admin, minutes))

    @subcommand("resume", "For admins: faces are drawn again")
    async def resume(self, interaction: discord.Interaction) -> None:
        """At once."""
        self._desk.hear(interaction, self._resume)

    async def _pause(self, admin: Admin, minutes: int | None) -> Answer:
        if minutes is None:
            await self._policy.set(admin.scope_id, None, "paused", True, admin.user_id)
            return Text("Paused: nothing is drawn here until somebody uses `/emoteface resume`.")
        until = self._clock() + 60 * minutes
        await self._policy.set(admin.scope_id, None, "paused", until, admin.user_id)
        return Text("Paused: nothing is drawn here until {moment}.", {"moment": f"<t:{until:.0f}:f>"})

    async def _resume(self, admin: Admin) -> Answer:
        await self._policy.reset(admin.scope_id, None, "paused", admin.user_id)
        here = await self._policy.effective(admin.scope_id)
        if here.is_paused(self._clock()):
            return Text("Done, but whoever runs this bot has paused it everywhere.")
        return Text("Done: faces are drawn here again.")
