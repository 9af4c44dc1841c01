"""The channels that are connected, for pages outside Twitch. A channel is managed by its broadcaster: moderators change
its settings in chat, where Twitch says who they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bot.models import twitch_scope
from bot.store.twitch_accounts import Role, TwitchAccounts


class TwitchDirectory:
    """See `bot.directory.Directory`. A channel has no channels, and no roles with ids."""

    def __init__(self, accounts: TwitchAccounts) -> None:
        self._accounts = accounts
        self._logins: dict[str, str] = {}

    async def present(self) -> Collection[str]:
        connected = [each for each in await self._accounts.all() if each.key.role is Role.CHANNEL]
        self._logins = {twitch_scope(each.key.user_id): each.login for each in connected}
        return self._logins.keys()

    async def manages(self, scope_id: str, user_id: str) -> bool:
        return scope_id == twitch_scope(user_id)

    def own_scope(self, user_id: str) -> str | None:
        return twitch_scope(user_id)

    def name(self, scope_id: str) -> str | None:
        return self._logins.get(scope_id)

    def channels(self, scope_id: str) -> Mapping[str, str] | None:
        return {}

    def roles(self, scope_id: str) -> Mapping[str, str] | None:
        return {}

    def emoji_name(self, scope_id: str, emoji_id: str) -> str | None:
        return None
