"""`/emoteface settings`: the panel, and what is pressed in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands, ui

from bot.discord.admin.access import Access
from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.admin.panel import Panel, access_words, is_switched_on
from bot.discord.admin.panel_forms import change_form, filled_in
from bot.discord.admin.panel_ids import ACCESS, TEMPLATE, Action, Press, Spot
from bot.discord.admin.places import ChannelId
from bot.discord.feature import Feature, chosen, subcommand, used
from bot.models import Platform
from bot.policy.changing import Changing
from bot.policy.pages import pages_on
from bot.policy.policy import Policy
from bot.policy.settings import SETTINGS
from bot.texts import Text


class Settings(Feature):
    """Every press is checked for what its user may do at that moment, and shows the panel as it is then."""

    def __init__(
        self,
        policy: Policy,
        changing: Changing,
        access: Access,
        desk: Desk,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._changing = changing
        self._access = access
        self._desk = desk
        self._clock = clock

    @subcommand("settings", "For admins: everything that can be chosen for this server or a channel")
    @app_commands.describe(channel="What is different in this channel; leave it out for the whole server")
    async def settings(self, interaction: discord.Interaction, channel: ChannelId | None = None) -> None:
        """One panel, which only the asker sees."""
        self._desk.hear(interaction, lambda admin: self._panel(admin, Spot(channel_id=channel)))

    @used(TEMPLATE)
    def pressed(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """A button, a menu or a form of a panel: answered beside."""
        press = Press.of(match, chosen(interaction))
        if not _is_known(press):
            self._desk.hear_press(interaction, _please_reopen)
        elif press.action == Action.CHANGE:
            self._desk.ask_for(interaction, lambda admin: self._form(admin, press))
        else:
            self._desk.hear_press(interaction, lambda admin: self._carry_out(admin, interaction, press))

    async def _carry_out(self, admin: Admin, interaction: discord.Interaction[Any], press: Press) -> Answer:
        spot, name = press.spot, press.setting
        match press.action:
            case Action.PAGE:
                spot = Spot(press.values[0], spot.channel_id)
            case Action.CHANNEL:
                spot = Spot(spot.page, press.values[0])
            case Action.SERVER:
                spot = Spot(spot.page)
            case Action.TOGGLE:
                here = await self._policy.effective(admin.scope_id, spot.channel_id)
                is_on = is_switched_on(here, name, self._clock())
                await self._policy.set(admin.scope_id, spot.channel_id, name, not is_on, admin.user_id)
            case Action.FORM:
                text = filled_in(interaction, name)
                await self._changing.set(admin.scope_id, spot.channel_id, name, text, by_user_id=admin.user_id)
            case Action.RESET:
                await self._policy.reset(admin.scope_id, spot.channel_id, press.values[0], admin.user_id)
        return await self._panel(admin, spot)

    async def _form(self, admin: Admin, press: Press) -> ui.Modal:
        here = await self._policy.effective(admin.scope_id, press.spot.channel_id)
        return change_form(press.spot, press.setting, here, admin.locale)

    async def _panel(self, admin: Admin, spot: Spot) -> Answer:
        here = await self._policy.effective(admin.scope_id, spot.channel_id)
        access = access_words(await self._access.limits(int(admin.scope_id))) if spot.page == ACCESS else None
        return Panel(spot, here, self._clock(), admin.locale, access)


async def _please_reopen(_: Admin) -> Answer:
    return Text("That panel is of another version of me. Please open it anew with `/emoteface settings`.")


def _is_known(press: Press) -> bool:
    """Another version of the program may have had other actions, pages and settings."""
    if press.action not in {*Action} or press.spot.page not in _PAGES:
        return False
    match press.action:
        case Action.TOGGLE | Action.CHANGE | Action.FORM:
            return press.setting in SETTINGS
        case Action.RESET:
            return {*press.values} <= SETTINGS.keys()
        case Action.PAGE:
            return {*press.values} <= _PAGES
        case _:
            return True


_PAGES = {*pages_on(Platform.DISCORD), ACCESS}
