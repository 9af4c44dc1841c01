"""Words of `bot.policy.wording` as they are shown on Discord: people, roles and channels as mentions that ping nobody,
what somebody once typed escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from bot.policy import wording
from bot.store.audit import AuditEntry
from bot.texts import Text


class _Mentions:
    def person(self, user_id: str) -> str:
        return f"<@{user_id}>" if user_id.isdecimal() else user_id

    def role(self, role_id: str) -> str:
        return f"<@&{role_id}>"

    def channel(self, channel_id: str) -> str:
        return f"<#{channel_id}>"

    def moment(self, at: float) -> str:
        return f"<t:{at:.0f}:f>"

    def code(self, text: str) -> str:
        return f"`{text.replace('`', '')}`"

    def typed(self, text: str) -> str:
        return discord.utils.escape_markdown(discord.utils.escape_mentions(text))


_NAMING = _Mentions()


def value_words(name: str, value: Any) -> Text:
    """See `bot.policy.wording.value_words`."""
    return wording.value_words(name, value, _NAMING)


def entry_words(entry: AuditEntry) -> Text:
    """See `bot.policy.wording.entry_words`."""
    return wording.entry_words(entry, _NAMING)


def blocked_words(detail: Mapping[str, Any]) -> Text:
    """See `bot.policy.wording.blocked_words`."""
    return wording.blocked_words(detail, _NAMING)
