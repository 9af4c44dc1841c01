"""`/emoteface approvals`: where faces wait until somebody approves them, one at a time, with its picture."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import discord
from discord import ui

from bot.discord.admin.desk import Admin, Answer, Desk
from bot.discord.answer_view import filename_of
from bot.discord.feature import Feature, subcommand, used
from bot.discord.service import Faces
from bot.models import FacePicture
from bot.replies import alt_text
from bot.stage.face import StagedFace, StageState
from bot.stage.stage import Stage
from bot.texts import Text, counted, joined, say
from inference.protocol import Format


class Decision(StrEnum):
    """The values stand in ids of buttons and never change."""

    SHOW = "show"
    HIDE = "hide"
    NEXT = "next"


_LABELS = {Decision.SHOW: Text("Show it"), Decision.HIDE: Text("Hide it"), Decision.NEXT: Text("Next")}
_STYLES = {Decision.SHOW: discord.ButtonStyle.success, Decision.HIDE: discord.ButtonStyle.danger}
_IDS = r"approval:(?P<decision>show|hide|next):(?P<of>[0-9A-HJKMNP-TV-Z]{26})"


@dataclass(frozen=True, slots=True)
class Pending:
    """One face to decide about, after what was decided before; None when there is none."""

    said: Text
    face: StagedFace | None
    picture: FacePicture | None
    locale: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """Whatever was there goes."""
        files = []
        if self.face is not None and self.picture is not None:
            name = filename_of(self.face.request_id, Format.of(self.picture.content))
            description = say(alt_text(self.face.emotes), self.locale)
            files = [discord.File(io.BytesIO(self.picture.content), name, description=description)]
        view = None if self.face is None else _buttons(self.face.request_id, self.locale)
        return {"content": say(self.said, self.locale), files_as: files, "view": view}


class Approving(Feature):
    """For who may manage the server."""

    def __init__(self, stage: Stage, faces: Faces, desk: Desk) -> None:
        self._stage = stage
        self._faces = faces
        self._desk = desk

    @subcommand("approvals", "For admins: faces that wait until somebody approves them")
    async def approvals(self, interaction: discord.Interaction) -> None:
        """The one that has waited longest."""
        self._desk.hear(interaction, self._first)

    @used(_IDS)
    def decided(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """Somebody pressed a button."""
        self._desk.hear_press(interaction, lambda admin: self._decide(admin, Decision(match["decision"]), match["of"]))

    async def _first(self, admin: Admin, said: Text | None = None, after: str | None = None) -> Answer:
        waiting = await self._stage.pending(admin.scope_id)
        ids = [face.request_id for face in waiting]
        at = ids.index(after) + 1 if after in ids else 0
        face = waiting[at % len(waiting)] if waiting else None
        count = counted("{n} face is waiting.", "{n} faces are waiting.", len(waiting))
        told = count if said is None else joined([said, count], between=" ")
        picture = None if face is None else await self._faces.picture(face.request_id)
        return Pending(told, face, picture, admin.locale)

    async def _decide(self, admin: Admin, decision: Decision, request_id: str) -> Answer:
        face = await self._stage.get(request_id)
        if face is None or face.origin.scope_id != admin.scope_id:
            return await self._first(admin, Text("I have forgotten that one already."))
        if decision is Decision.NEXT:
            return await self._first(admin, after=request_id)
        if face.state is not StageState.PENDING:
            return await self._first(admin, Text("Somebody has decided about that one already."))
        if decision is Decision.SHOW:
            await self._stage.approve(request_id, admin.user_id)
            return await self._first(admin, Text("It is shown."))
        await self._stage.hide(request_id, admin.user_id)
        return await self._first(admin, Text("It is hidden."))


def _buttons(request_id: str, locale: str) -> ui.View:
    view = ui.View(timeout=None)
    view.stop()
    for decision, label in _LABELS.items():
        style = _STYLES.get(decision, discord.ButtonStyle.secondary)
        button: ui.Button[ui.View] = ui.Button(
            label=say(label, locale), style=style, custom_id=f"approval:{decision}:{request_id}"
        )
        view.add_item(button)
    return view
