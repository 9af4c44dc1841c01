"""What a press is about, found in the id of what was pressed; the library calls it whatever was restarted meanwhile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord.feature import chosen


@dataclass(frozen=True, slots=True)
class Press:
    """Which button of which face somebody used; `value` is what they picked in a menu. The action is as it stood in the
    id, which another version of the program may have written."""

    user_id: int
    action: str
    request_id: str
    value: str = ""

    @property
    def mark(self) -> str:
        """What makes two presses of one person the same."""
        return f"{self.action}:{self.request_id}:{self.value}"


def press_in(interaction: discord.Interaction[Any], match: re.Match[str]) -> Press:
    """`match` is of the custom id."""
    value = next(iter(chosen(interaction)), "")
    return Press(interaction.user.id, match["action"], match["request"], value)
