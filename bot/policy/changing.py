"""Setting a value as somebody typed or chose it."""

from __future__ import annotations

from typing import Protocol

from bot.errors import InvalidSetting
from bot.policy.forms import Kind, form_of, typed
from bot.policy.policy import Policy
from bot.policy.settings import SETTINGS


class LinksChannels(Protocol):
    """`bot.emotes.chat.ChatEmotes`, which says what it does."""

    async def link_channel(self, scope_id: str, login: str | None, *, by_user_id: str) -> None: ...


class Changing:
    """Forms in Discord and in the browser, and `/emoteface set`, change values alike."""

    def __init__(self, policy: Policy, emotes: LinksChannels) -> None:
        self._policy = policy
        self._emotes = emotes

    async def set(self, scope_id: str, channel_id: str | None, name: str, text: str, *, by_user_id: str) -> None:
        """Raise InvalidSetting; of a Twitch channel, which is looked up, also UnknownChannel and CatalogueDown."""
        if name not in SETTINGS:
            raise InvalidSetting(name)
        value = typed(name, text)
        if form_of(name).kind is Kind.TWITCH_CHANNEL:
            await self._emotes.link_channel(scope_id, value, by_user_id=by_user_id)
        else:
            await self._policy.set(scope_id, channel_id, name, value, by_user_id)
