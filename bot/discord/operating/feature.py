"""`/emoteface operator`: for the people whom the settings name, and nobody else."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping
from typing import Any

import discord

from bot.discord.feature import Feature, subcommand, used
from bot.discord.locales import of_asker
from bot.discord.operating import panel
from bot.discord.operating.panel import TEMPLATE, Action, Kind
from bot.discord.service import Faces
from bot.discord.words import Words
from bot.errors import TooManyBlocked
from bot.models import Platform
from bot.operating.blocks import UnknownName, block_emote, block_user, unblock_emote, unblock_user
from bot.operating.desk import NothingLikeIt, OperatorDesk, TooLong
from bot.store.reports import Report
from bot.tasks import BoundedTasks
from bot.texts import Text, counted

_UNKNOWN = Text("There is nothing like that.")


class Operating(Feature):
    """Whoever is none is told so at every step: an old menu is no key."""

    def __init__(
        self, desk: OperatorDesk, faces: Faces, words: Words, tasks: BoundedTasks, *, operators: Collection[str]
    ) -> None:
        self._desk = desk
        self._faces = faces
        self._words = words
        self._tasks = tasks
        self._operators = operators

    @subcommand("operator", "For whoever operates the bot: reports, blocks and the kill switch")
    async def operator(self, interaction: discord.Interaction) -> None:
        """A menu."""
        self._tasks.start("open_operator_menu", self._open(interaction), interaction_id=interaction.id)

    @used(TEMPLATE)
    def pressed(self, interaction: discord.Interaction[Any], _: re.Match[str]) -> None:
        """A button was pressed or a form sent."""
        self._tasks.start("answer_operator", self._answer(interaction), interaction_id=interaction.id)

    def _is_operator(self, interaction: discord.Interaction[Any]) -> bool:
        return str(interaction.user.id) in self._operators

    async def _refuse(self, interaction: discord.Interaction[Any]) -> None:
        await self._words.whisper(interaction, Text("Only whoever operates the bot can do that."))

    async def _open(self, interaction: discord.Interaction[Any]) -> None:
        if not self._is_operator(interaction):
            await self._refuse(interaction)
            return
        menu = panel.overview_menu(await self._desk.overview(), of_asker(interaction))
        await self._words.open(interaction, menu)

    async def _answer(self, interaction: discord.Interaction[Any]) -> None:
        data: Any = interaction.data or {}
        match = re.fullmatch(TEMPLATE, data["custom_id"])
        if match is None or match["action"] not in set(Action) or not self._is_operator(interaction):
            await self._refuse(interaction)
            return
        action, is_form = Action(match["action"]), interaction.type is discord.InteractionType.modal_submit
        if action in {Action.TELL, Action.BLOCK, Action.LEAVE} and not is_form:
            await self._words.ask_for(interaction, panel.form(action, of_asker(interaction)))
        elif action in {Action.REPORTS, Action.NEXT}:
            await self._show_report(interaction, after=match["of"])
        elif action in {Action.TAKE_DOWN, Action.TAKE_DOWN_AND_BLOCK, Action.DISMISS}:
            await self._decide(interaction, action, match["of"])
        else:
            await self._back(interaction, await self._carry_out(action, _filled_in(data), str(interaction.user.id)))

    async def _show_report(self, interaction: discord.Interaction[Any], after: str) -> None:
        reports = await self._desk.reports.open(1, after)
        if not reports:
            await self._back(interaction, Text("There are no more reports."))
            return
        [report] = reports
        request = await self._desk.face_of(report)
        picture = None if request is None else await self._faces.picture(request.id)
        view, has_picture = panel.report_menu(report, request, picture, of_asker(interaction))
        content = picture.content if picture is not None and has_picture else None
        files = [] if content is None else [discord.File(io.BytesIO(content), panel.FILENAME)]
        await self._words.respond(interaction, lambda: interaction.response.edit_message(view=view, attachments=files))

    async def _decide(self, interaction: discord.Interaction[Any], action: Action, report_id: str) -> None:
        report = await self._desk.reports.get(report_id)
        note = _UNKNOWN if report is None else await self._decided(action, report, str(interaction.user.id))
        await self._back(interaction, note)

    async def _decided(self, action: Action, report: Report, by_user_id: str) -> Text:
        try:
            if action is Action.DISMISS:
                ended = await self._desk.dismiss(report.request_id, by_user_id)
                return counted("{n} report is closed.", "{n} reports are closed.", ended)
            block = action is Action.TAKE_DOWN_AND_BLOCK
            faces = await self._desk.take_down(report.request_id, by_user_id, block=block)
        except NothingLikeIt:
            return _UNKNOWN
        return counted("{n} face is being taken down.", "{n} faces are being taken down.", faces)

    async def _carry_out(self, action: Action, given: Mapping[str, str], by_user_id: str) -> Text:
        try:
            match action:
                case Action.TELL:
                    told = await self._desk.broadcast(given.get(panel.WORDS, ""), by_user_id)
                    return counted("{n} server is being told.", "{n} servers are being told.", told)
                case Action.LEAVE:
                    await self._desk.leave(given.get(panel.WHICH, "").strip(), by_user_id)
                    return Text("I am leaving that server.")
                case Action.BLOCK:
                    return await self._block(given, by_user_id)
                case _:
                    await self._desk.pause(by_user_id, on=action is Action.PAUSE)
                    return Text("Nothing is drawn anywhere until you go on.") if action is Action.PAUSE else _GOES_ON
        except (NothingLikeIt, TooLong, UnknownName):
            return _UNKNOWN
        except TooManyBlocked:
            return Text("No more can be blocked.")

    async def _block(self, given: Mapping[str, str], by_user_id: str) -> Text:
        blocking, which = self._desk.policy.blocking, given.get(panel.WHICH, "").strip()
        match given.get(panel.KIND):
            case Kind.BLOCK_PERSON:
                await block_user(blocking, Platform.DISCORD, which, by_user_id)
            case Kind.BLOCK_EMOTE:
                await block_emote(blocking, which, by_user_id)
            case Kind.UNBLOCK_PERSON:
                await unblock_user(blocking, Platform.DISCORD, which, by_user_id)
            case Kind.UNBLOCK_EMOTE:
                await unblock_emote(blocking, which, by_user_id)
            case _:
                raise UnknownName
        return Text("Done: that holds everywhere at once.")

    async def _back(self, interaction: discord.Interaction[Any], note: Text) -> None:
        view = panel.overview_menu(await self._desk.overview(), of_asker(interaction), note)
        await self._words.respond(interaction, lambda: interaction.response.edit_message(view=view, attachments=[]))


_GOES_ON = Text("Faces are drawn again.")


def _filled_in(data: Mapping[str, Any]) -> dict[str, str]:
    fields = [row.get("component") or {} for row in data.get("components", [])]
    return {
        field["custom_id"]: field["values"][0] if field.get("values") else str(field.get("value", ""))
        for field in fields
        if "custom_id" in field
    }
