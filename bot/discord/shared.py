"""One message with the faces of several requests, for channels where answers pile up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

import discord

from bot.discord.answer_view import ShownFace, filename_of
from bot.texts import Text, say

MAX_SHARED = 10  # attachments of one message


@dataclass(frozen=True, slots=True)
class Shared:
    """Plain attachments, which Discord lays out as a grid: each keeps its alt text and the name it is found by, and can
    be taken out alone. `asker_ids` in the order of the faces."""

    faces: Sequence[ShownFace]
    asker_ids: Sequence[str]

    @property
    def words(self) -> str:
        """Who asked, named and not pinged, and what the faces say beside themselves."""
        people = ", ".join(f"<@{asker_id}>" for asker_id in self.asker_ids)
        named = say(Text("Busy here: these are for {people}.", {"people": people}), self.faces[0].locale)
        return "\n".join([named, *(f"-# {face.caption}" for face in self.faces if face.caption)])

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        return {"content": self.words, files_as: [file for face in self.faces for file in face.files()]}


async def take_out(message: discord.Message, request_ids: Collection[str]) -> None:
    """Remove these requests' pictures from an own message, and with the last of them the message."""
    gone = {PurePath(filename_of(request_id)).stem for request_id in request_ids}
    left = [attachment for attachment in message.attachments if PurePath(attachment.filename).stem not in gone]
    if left:
        await message.edit(attachments=left)
    else:
        await message.delete()
