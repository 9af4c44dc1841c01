"""The buttons and menus below faces: what they are called and what their ids say.

An id is `face:<action>:<request id>`. Nothing else is kept of a button, so one works as long as its request is stored,
whatever has been restarted meanwhile. "Cancel" stands below status lines and is an item of its own (`cancelling`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import discord
from discord import ui

from bot.texts import SOURCE_LOCALE, Text, say

TEMPLATE = r"face:(?P<action>(?!cancel:)[a-z]+):(?P<request>[0-9A-HJKMNP-TV-Z]{26})"


class Action(StrEnum):
    """What a press asks for; the value is part of stored ids and never changes."""

    AGAIN = "again"
    LOOK = "look"
    DELETE = "delete"
    MORE = "more"
    REALISM = "realism"
    STYLE = "style"
    DEEPER = "deeper"
    LARGE = "large"
    STRIP = "strip"
    MORPH = "morph"
    VOTE = "vote"
    EMOJI = "emoji"
    NAME = "name"
    CANCEL = "cancel"


_SIGNS = {
    Action.AGAIN: "🎲",
    Action.LOOK: "🎚️",
    Action.DELETE: "🗑️",
    Action.MORE: "✨",
    Action.DEEPER: "🌀",
    Action.LARGE: "🔍",
    Action.STRIP: "🎞️",
    Action.MORPH: "🪄",
    Action.VOTE: "⭐",
    Action.EMOJI: "😀",
    Action.CANCEL: "❌",
}
_WORDS = {
    Action.AGAIN: Text("Again"),
    Action.LOOK: Text("Style"),
    Action.DELETE: Text("Delete"),
    Action.MORE: Text("More"),
    Action.DEEPER: Text("Deeper"),
    Action.LARGE: Text("Large"),
    Action.STRIP: Text("Step by step"),
    Action.MORPH: Text("Morph"),
    Action.EMOJI: Text("Add as emoji"),
    Action.CANCEL: Text("Cancel"),
}


def custom_id(action: Action, request_id: str) -> str:
    """At most 100 characters fit."""
    return f"face:{action}:{request_id}"


def button(
    action: Action, request_id: str, locale: str = SOURCE_LOCALE, *, words: Text | None = None
) -> ui.Button[Any]:
    """A sign, and words that a screen reader reads out; `words` in place of the action's own."""
    label = say(words or _WORDS[action], locale)
    return ui.Button(label=label, emoji=_SIGNS[action], custom_id=custom_id(action, request_id))


def select(
    action: Action, request_id: str, placeholder: str, options: Iterable[discord.SelectOption]
) -> ui.Select[ui.LayoutView]:
    """A menu of which one entry is picked."""
    return ui.Select(custom_id=custom_id(action, request_id), placeholder=placeholder, options=list(options))
