"""What the parts of the settings panel say in their ids. Nothing else is kept, so an open panel outlives a restart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.policy.pages import Page

TEMPLATE = r"panel:(?P<action>[a-z]+):(?P<page>[a-z]+):(?P<channel>\d{1,20}):(?P<setting>[a-z_]{0,40})"
ACCESS = "access"  # the page about Discord's own permissions


class Action(StrEnum):
    """What a press asks for; the value is part of stored ids and never changes."""

    PAGE = "page"
    CHANNEL = "channel"
    SERVER = "server"
    TOGGLE = "toggle"
    CHANGE = "change"
    FORM = "form"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Spot:
    """What the panel shows: a page, of the server or (`channel_id`) of one channel."""

    page: str = Page.ASKING
    channel_id: str | None = None

    def custom_id(self, action: Action, setting: str = "") -> str:
        """At most 100 characters fit."""
        return f"panel:{action}:{self.page}:{self.channel_id or 0}:{setting}"


@dataclass(frozen=True, slots=True)
class Press:
    """What somebody used, and where; `values` are what they picked. Names are as another version of the program may
    have written them."""

    action: str
    spot: Spot
    setting: str
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, match: re.Match[str], values: tuple[str, ...]) -> Press:
        """`match` is of the custom id."""
        channel_id = None if match["channel"] == "0" else match["channel"]
        return cls(match["action"], Spot(match["page"], channel_id), match["setting"], values)
