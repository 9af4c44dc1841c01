"""What the operator sees: how the instance stands, one report at a time, and the forms."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.models import FacePicture, FaceRequest, Platform
from bot.operating.desk import MAX_WORDS, Overview
from bot.operating.reasons import REASONS
from bot.replies import called
from bot.store.reports import Report
from bot.texts import Text, Value, counted, joined, listed, say

TEMPLATE = r"op:(?P<action>[a-z]+):(?P<of>[0-9A-Z]{0,26})"
WORDS, KIND, WHICH = "words", "kind", "which"
FILENAME = "reported.webp"


class Action(StrEnum):
    """What a press or a form asks for; the values are part of custom ids."""

    REPORTS = "reports"
    NEXT = "next"
    TAKE_DOWN = "down"
    TAKE_DOWN_AND_BLOCK = "downblock"
    DISMISS = "dismiss"
    PAUSE = "pause"
    GO_ON = "goon"
    TELL = "tell"
    BLOCK = "block"
    LEAVE = "leave"


class Kind(StrEnum):
    """What can be blocked by its id."""

    BLOCK_PERSON = "block person"
    UNBLOCK_PERSON = "unblock person"
    BLOCK_EMOTE = "block emote"
    UNBLOCK_EMOTE = "unblock emote"


_LABELS = {
    Action.REPORTS: Text("Reports"),
    Action.NEXT: Text("Next"),
    Action.TAKE_DOWN: Text("Take down everywhere"),
    Action.TAKE_DOWN_AND_BLOCK: Text("Take down and block"),
    Action.DISMISS: Text("Nothing is wrong"),
    Action.PAUSE: Text("Pause everything"),
    Action.GO_ON: Text("Go on"),
    Action.TELL: Text("Tell all servers"),
    Action.BLOCK: Text("Block"),
    Action.LEAVE: Text("Leave a server"),
}
_KINDS = {
    Kind.BLOCK_PERSON: Text("Block a person"),
    Kind.UNBLOCK_PERSON: Text("Unblock a person"),
    Kind.BLOCK_EMOTE: Text("Block an emote"),
    Kind.UNBLOCK_EMOTE: Text("Unblock an emote"),
}
_DANGEROUS = {Action.PAUSE, Action.TAKE_DOWN, Action.TAKE_DOWN_AND_BLOCK, Action.LEAVE}


def custom_id(action: Action, of: str = "") -> str:
    """As `TEMPLATE` reads it."""
    return f"op:{action}:{of}"


def overview_menu(overview: Overview, locale: str, note: Text | None = None) -> ui.LayoutView:
    """`note` says what has just been done."""
    waiting = counted("{n} report is waiting", "{n} reports are waiting", overview.open_reports)
    servers = counted("{n} server", "{n} servers", overview.servers)
    state = Text("everything is paused") if overview.is_paused else Text("faces are drawn")
    lines: list[Value] = [
        *([note] if note else []),
        Text(
            "**This instance**: {servers}, {state}, {waiting}.",
            {"servers": servers, "state": state, "waiting": waiting},
        ),
    ]
    switch = Action.GO_ON if overview.is_paused else Action.PAUSE
    return _menu(lines, (Action.REPORTS, switch, Action.TELL, Action.BLOCK, Action.LEAVE), "", locale)


def report_menu(
    report: Report, request: FaceRequest | None, picture: FacePicture | None, locale: str
) -> tuple[ui.LayoutView, bool]:
    """Also whether the picture is to be attached."""
    actions = (Action.TAKE_DOWN, Action.TAKE_DOWN_AND_BLOCK, Action.DISMISS, Action.NEXT)
    view = _menu(list(_about(report, request)), actions, f"{report.id}", locale)
    if picture is None:
        return view, False
    shown = discord.MediaGalleryItem(f"attachment://{FILENAME}", description=say(Text("The reported face"), locale))
    return view.add_item(ui.MediaGallery(shown)), True


def _about(report: Report, request: FaceRequest | None) -> Iterator[Value]:
    yield Text("**{reason}**", {"reason": REASONS[report.reason]})
    if request is None:
        yield Text("I have forgotten that one already.")
        return
    yield Text("Asked for by {person}", {"person": f"<@{request.origin.user_id}>" if request.origin.user_id else "?"})
    if request.answer_ref is not None and request.origin.platform is Platform.DISCORD:
        place = report.scope_id if report.scope_id.isdecimal() else "@me"
        yield f"https://discord.com/channels/{place}/{report.channel_id}/{request.answer_ref}"
    yield listed(joined(["`", called(part), "`"], between="") for emote in request.emotes for part in emote.parts)


def _menu(lines: list[Value], actions: tuple[Action, ...], of: str, locale: str) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.stop()  # the library would keep every view ever sent
    row: ui.ActionRow[Any] = ui.ActionRow()
    for action in actions:
        style = discord.ButtonStyle.danger if action in _DANGEROUS else discord.ButtonStyle.secondary
        row.add_item(ui.Button(label=say(_LABELS[action], locale), style=style, custom_id=custom_id(action, of)))
    text: ui.TextDisplay[Any] = ui.TextDisplay(say(joined(lines, between="\n"), locale))
    return view.add_item(ui.Container(text, row))


def form(action: Action, locale: str) -> ui.Modal:
    """What an action needs besides a press."""
    modal = ui.Modal(title=say(_LABELS[action], locale), custom_id=custom_id(action))
    modal.stop()
    field: ui.TextInput[Any]
    if action is Action.TELL:
        style = discord.TextStyle.paragraph
        field = ui.TextInput(custom_id=WORDS, style=style, min_length=1, max_length=MAX_WORDS)
        return modal.add_item(ui.Label(text=say(Text("What every server is told, once"), locale), component=field))
    if action is Action.BLOCK:
        options = [discord.SelectOption(label=say(words, locale), value=kind) for kind, words in _KINDS.items()]
        kinds: ui.Select[Any] = ui.Select(custom_id=KIND, options=options)
        modal.add_item(ui.Label(text=say(Text("Everywhere"), locale), component=kinds))
    field = ui.TextInput(custom_id=WHICH, min_length=1, max_length=100)
    label = Text("Id of the person, or source:id of the emote") if action is Action.BLOCK else Text("Id of the server")
    return modal.add_item(ui.Label(text=say(label, locale), component=field))
