"""An account agrees: from its tokens to what the store keeps of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount
from bot.twitch.oauth import Grant, TwitchOAuth


async def account_of(
    oauth: TwitchOAuth, grant: Grant, role: Role, clock: Callable[[], float] = time.time
) -> TwitchAccount:
    """Whose the tokens are, as Twitch says. Raise TwitchDown or TwitchRefused."""
    who = await oauth.validate(grant.access_token)
    return TwitchAccount(
        AccountKey(who.user_id, role),
        who.login,
        grant.access_token,
        grant.refresh_token,
        who.scopes,
        grant.ends_at,
        since=clock(),
    )
