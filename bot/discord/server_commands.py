"""`/emoteface`: what members and admins decide about pictures of people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import discord
import structlog
from discord import app_commands

from bot.consent import Consent, Switch
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.models import Platform

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decision:
    """`switch` is an admin's for the whole server; None: a member's about opting out."""

    switch: Switch | None
    on: bool


DecisionHandler = Callable[[discord.Interaction, Decision], None]


def add_picture_settings(group: app_commands.Group, handle: DecisionHandler) -> None:
    """Commands below `/emoteface`; `handle` returns at once and works beside."""

    @group.command(name="opt-out", description="Nobody else can turn your avatar or pictures into a face any more")
    async def opt_out(interaction: discord.Interaction) -> None:
        handle(interaction, Decision(None, on=True))

    @group.command(name="opt-in", description="Take your opt-out back")
    async def opt_in(interaction: discord.Interaction) -> None:
        handle(interaction, Decision(None, on=False))

    @group.command(name="others", description="For admins: may members draw each other's avatars and pictures?")
    async def others(interaction: discord.Interaction, allowed: bool) -> None:
        handle(interaction, Decision(Switch.OTHERS_PICTURES, on=allowed))

    @group.command(name="last-picture", description="For admins: is a bare !face about the channel's last picture?")
    async def last_picture(interaction: discord.Interaction, allowed: bool) -> None:
        handle(interaction, Decision(Switch.LAST_PICTURE, on=allowed))


def refusal_unless_admin(interaction: discord.Interaction) -> str | None:
    """The words for somebody who may not change this server's settings; None for somebody who may."""
    if interaction.guild_id is None:
        return "That is a setting of servers."
    if not interaction.permissions.manage_guild:
        return "Only people who may manage this server can change that."
    return None


class Deciding:
    """Takes decisions down and confirms them to whoever made them, alone."""

    def __init__(self, consent: Consent, pacing: Pacing) -> None:
        self._consent = consent
        self._pacing = pacing

    async def answer(self, interaction: discord.Interaction, decision: Decision) -> None:
        """Carry it out if the member may decide it."""
        words = await self._carry_out(interaction, decision)
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await interaction.response.send_message(words, ephemeral=True)
        except DISCORD_FAILURES as error:
            log.info("discord_words_lost", interaction_id=interaction.id, error=type(error).__name__)

    async def _carry_out(self, interaction: discord.Interaction, decision: Decision) -> str:
        if decision.switch is None:
            await self._consent.opt_out(Platform.DISCORD, str(interaction.user.id), out=decision.on)
            return _OPTED[decision.on]
        if (refusal := refusal_unless_admin(interaction)) is not None:
            return refusal
        await self._consent.turn(str(interaction.guild_id), decision.switch, on=decision.on)
        log.info("scope_switched", scope_id=interaction.guild_id, switch=decision.switch, on=decision.on)
        return _TURNED[decision.switch][decision.on]


_OPTED = {
    True: "Done: nobody else can have your avatar or your pictures drawn, in any server.",
    False: "Done: where admins allow it, others can have your avatar and your pictures drawn.",
}
_TURNED = {
    Switch.OTHERS_PICTURES: {
        True: "Members can now have each other's avatars and pictures drawn, except of those who opted out.",
        False: "Everybody can only have their own avatar and pictures drawn.",
    },
    Switch.LAST_PICTURE: {
        True: "A bare `!face` now takes the last picture in the channel.",
        False: "A bare `!face` leaves the pictures in the channel alone.",
    },
}
