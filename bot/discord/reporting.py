"""The message menu "Report this face": anybody tells the operator, and the server's log channel, what is wrong."""

from __future__ import annotations

import re
from typing import Any

import discord
from discord import ui

from bot.discord.feature import Feature, menu, used
from bot.discord.link import Link
from bot.discord.locales import of_asker, of_server
from bot.discord.posting import Place
from bot.discord.service import Faces
from bot.discord.words import Words
from bot.models import Platform
from bot.operating.reasons import REASONS
from bot.operating.reporting import WORDS, ReportTaker, Taken
from bot.policy.policy import Policy
from bot.store.reports import Reason
from bot.tasks import BoundedTasks
from bot.texts import Text, say

_FORM, _FIELD = "report:", "reason"


class Reporting(Feature):
    """The form and its answer."""

    def __init__(
        self,
        faces: Faces,
        reports: ReportTaker,
        policy: Policy,
        link: Link,
        words: Words,
        *,
        tasks: BoundedTasks,
    ) -> None:
        self._faces = faces
        self._reports = reports
        self._policy = policy
        self._link = link
        self._words = words
        self._tasks = tasks

    @menu("Report this face")
    async def report_face(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """On every message; only answers of the bot can be reported."""
        self._tasks.start("ask_reason", self._ask(interaction, message), interaction_id=interaction.id)

    @used(rf"{_FORM}(?P<message>\d+)")
    def filled_in(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """The form, whichever process opened it."""
        self._tasks.start("take_report", self._take(interaction, match["message"]), interaction_id=interaction.id)

    async def _ask(self, interaction: discord.Interaction, message: discord.Message) -> None:
        if message.author.id != self._link.own_id:
            await self._words.whisper(interaction, Text("That is no face of mine."))
        elif not await self._faces.answered_as(Platform.DISCORD, str(message.id)):
            await self._words.whisper(interaction, Text("I have forgotten that one already."))
        else:
            await self._words.ask_for(interaction, _form(message.id, of_asker(interaction)))

    async def _take(self, interaction: discord.Interaction, message_id: str) -> None:
        reason, reporter_id = _reason_in(interaction), str(interaction.user.id)
        requests = await self._faces.answered_as(Platform.DISCORD, message_id)
        if reason is None or not requests:
            await self._words.whisper(interaction, Text("I have forgotten that one already."))
            return
        taken = await self._reports.take(requests, reporter_id, reason)
        await self._words.whisper(interaction, WORDS[taken])
        if taken is Taken.NEW:
            await self._tell(interaction, message_id, reason)

    async def _tell(self, interaction: discord.Interaction, message_id: str, reason: Reason) -> None:
        """The admins, where they chose a channel for that; not by whom."""
        guild = interaction.guild
        if guild is None:
            return
        log_channel_id = (await self._policy.effective(str(guild.id))).log_channel_id
        if log_channel_id is not None:
            link = f"https://discord.com/channels/{guild.id}/{interaction.channel_id}/{message_id}"
            words = Text("A face was reported: {reason}. {link}", {"reason": REASONS[reason], "link": link})
            await self._words.reply(Place(int(log_channel_id), guild.id), words, of_server(guild))


def _form(message_id: int, locale: str) -> ui.Modal:
    form = ui.Modal(title=say(Text("Report this face"), locale), custom_id=f"{_FORM}{message_id}")
    form.stop()
    choices = [discord.SelectOption(label=say(words, locale), value=reason) for reason, words in REASONS.items()]
    field: ui.Select[Any] = ui.Select(custom_id=_FIELD, options=choices)
    return form.add_item(ui.Label(text=say(Text("What is wrong with it?"), locale), component=field))


def _reason_in(interaction: discord.Interaction[Any]) -> Reason | None:
    data: Any = interaction.data or {}
    fields = [row.get("component") or {} for row in data.get("components", [])]
    chosen = next((field.get("values") for field in fields if field.get("custom_id") == _FIELD), None)
    return Reason(chosen[0]) if chosen and chosen[0] in set(Reason) else None
