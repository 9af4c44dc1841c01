"""What the store says is to be done: who speaks, which channels are served, over what kind of connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount
from bot.twitch.subscriptions import Wanted, wanted_for


@dataclass(frozen=True, slots=True)
class Plan:
    """`bot` None: nobody speaks, so nothing is served. `has_app` whether there is an application token."""

    bot: TwitchAccount | None
    channels: tuple[TwitchAccount, ...]
    has_app: bool

    @classmethod
    def of(cls, accounts: Sequence[TwitchAccount], bot_user_id: str | None, *, has_app: bool) -> Plan:
        """`bot_user_id` is the setting; None takes the account that logged in."""
        bots = [each for each in accounts if each.key.role is Role.BOT]
        bot = next((each for each in bots if bot_user_id in {None, each.key.user_id}), None)
        channels = tuple(each for each in accounts if each.key.role is Role.CHANNEL)
        return cls(bot, channels, has_app)

    @property
    def is_idle(self) -> bool:
        return self.bot is None or not self.channels

    @property
    def uses_conduit(self) -> bool:
        """Many channels: a conduit, whose subscriptions need only the application's token. One: a plain websocket."""
        return self.has_app and len(self.channels) > 1

    @property
    def wanted(self) -> Sequence[Wanted]:
        return [] if self.bot is None else wanted_for(self.channels, self.bot.key)

    @property
    def shape(self) -> tuple[bool, AccountKey | None, frozenset[AccountKey]]:
        """A session serves plans of one shape: another kind or other tokens need another session."""
        keys = frozenset[AccountKey]() if self.uses_conduit else frozenset(each.key for each in self.wanted)
        return (self.uses_conduit, None if self.bot is None else self.bot.key, keys)
