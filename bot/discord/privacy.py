"""`/emoteface privacy`, `forget-me` and `export-data`: what is kept, and what people can do about it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import discord
from discord import ui

from bot.discord.feature import Feature, subcommand, used
from bot.discord.locales import of_asker
from bot.discord.rights import refusal_unless_admin
from bot.discord.words import Words
from bot.forgetting import Forgetting
from bot.models import Platform
from bot.privacy import kept, rights
from bot.store.server_data import ServerData
from bot.tasks import BoundedTasks
from bot.texts import Text, Value, counted, joined, say
from config.settings import RequestsSettings

MAX_EXPORT_BYTES = 8_000_000  # below what Discord takes in any server

_FORGET = "privacy:forget"
_FORGET_ME = Text(
    "**This cannot be undone.** Everything that is kept about you goes, in every server: your requests, the faces you "
    "asked for and those that show you (also where they were posted), your scores and stars."
)
_STAYS = Text("An opt-out, blocks, and the record of what you changed as an admin stay.")


def privacy_menu(settings: RequestsSettings, public_url: str | None, locale: str) -> ui.LayoutView:
    """The statement of `bot.privacy`; at most 4000 characters, which a test makes sure of."""
    view = ui.LayoutView(timeout=None)
    view.stop()  # the library would keep every view ever sent
    box: ui.Container[Any] = ui.Container()
    for lines in (_kept_lines(settings), _right_lines(public_url)):
        box.add_item(ui.TextDisplay(say(joined(lines, between="\n"), locale)))
    return view.add_item(box)


def _kept_lines(settings: RequestsSettings) -> Iterator[Value]:
    yield Text("**What is kept, and for how long**")
    for row in kept(settings):
        yield Text("- {what}: **{how_long}**", {"what": row.what, "how_long": row.how_long})


def _right_lines(public_url: str | None) -> Iterator[Value]:
    yield from rights()
    if public_url is not None:
        yield Text("Privacy: <{url}/privacy> · Terms: <{url}/terms>", {"url": public_url.rstrip("/")})


def forget_menu(locale: str) -> ui.LayoutView:
    """Asks whether that is really meant."""
    view = ui.LayoutView(timeout=None)
    view.stop()
    box: ui.Container[Any] = ui.Container(ui.TextDisplay(say(joined([_FORGET_ME, _STAYS], between="\n"), locale)))
    label = say(Text("Forget me"), locale)
    box.add_item(ui.ActionRow(ui.Button(label=label, emoji="🗑️", style=discord.ButtonStyle.danger, custom_id=_FORGET)))
    return view.add_item(box)


@dataclass(frozen=True, slots=True)
class _Words:
    """Words in place of a layout, for what shows."""

    words: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        view = ui.LayoutView(timeout=None)
        view.stop()
        return {"content": None, files_as: [], "view": view.add_item(ui.TextDisplay(self.words))}


@dataclass(frozen=True, slots=True)
class _Export:
    """A file."""

    content: bytes
    guild_id: int

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        file = discord.File(io.BytesIO(self.content), f"emoteface-{self.guild_id}.json")
        return {"content": None, files_as: [file], "view": None}


class Privacy(Feature):
    """Everything here only the asker sees."""

    def __init__(
        self,
        forgetting: Forgetting,
        server_data: ServerData,
        words: Words,
        tasks: BoundedTasks,
        *,
        settings: RequestsSettings,
        public_url: str | None,
    ) -> None:
        self._forgetting = forgetting
        self._server_data = server_data
        self._words = words
        self._tasks = tasks
        self._settings = settings
        self._public_url = public_url

    @subcommand("privacy", "What is kept about you, why and for how long")
    async def privacy(self, interaction: discord.Interaction) -> None:
        """The same as on the page."""
        menu = privacy_menu(self._settings, self._public_url, of_asker(interaction))
        self._tasks.start("answer_privacy", self._words.open(interaction, menu), interaction_id=interaction.id)

    @subcommand("forget-me", "Delete everything that is kept about you")
    async def forget_me(self, interaction: discord.Interaction) -> None:
        """After a button was pressed."""
        menu = forget_menu(of_asker(interaction))
        self._tasks.start("ask_forget_me", self._words.open(interaction, menu), interaction_id=interaction.id)

    @subcommand("export-data", "For admins: everything that is stored about this server, as a file")
    async def export_data(self, interaction: discord.Interaction) -> None:
        """JSON."""
        self._tasks.start("export_data", self._export(interaction), interaction_id=interaction.id)

    @used(_FORGET)
    def confirmed(self, interaction: discord.Interaction, _: re.Match[str]) -> None:
        """The button was pressed."""
        self._tasks.start("forget_person", self._forget(interaction), interaction_id=interaction.id)

    async def _forget(self, interaction: discord.Interaction) -> None:
        """Whatever Discord makes of the answer: what was wanted is done."""
        await self._words.respond(interaction, interaction.response.defer)
        done = await self._forgetting.forget(Platform.DISCORD, str(interaction.user.id))
        answers = counted("{n} face is being deleted", "{n} faces are being deleted", done.answers)
        words = Text("Done: I don't know you any more. {answers} where they were posted.", {"answers": answers})
        said = say(joined([words, _STAYS]), of_asker(interaction))
        await self._words.show(interaction, _Words(said))

    async def _export(self, interaction: discord.Interaction) -> None:
        if (refusal := refusal_unless_admin(interaction)) is not None:
            await self._words.whisper(interaction, refusal)
            return
        if not await self._words.defer(interaction, ephemeral=True):
            return
        content = await self._exported(str(interaction.guild_id))
        if content is None:
            words = Text("That is more than fits into a message here: please ask whoever operates the bot for it.")
            await self._words.fill_in(interaction, words)
        else:
            await self._words.show(interaction, _Export(content, interaction.guild_id or 0))

    async def _exported(self, scope_id: str) -> bytes | None:
        """None when it is too much."""
        content = bytearray()
        async for piece in self._server_data.export(scope_id):
            content += piece.encode()
            if len(content) > MAX_EXPORT_BYTES:
                return None
        return bytes(content)
