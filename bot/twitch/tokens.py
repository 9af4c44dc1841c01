"""A good token whenever one is needed: refreshed before it ends and when Twitch refuses it, stored, one at a time.

The tokens of an account are refreshed by nobody else: of a public application each refresh token is good once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.emotes.twitch import AppToken
from bot.store.twitch_accounts import AccountKey, TwitchAccount, TwitchAccounts
from bot.twitch.errors import NotAuthorized, TwitchRefused
from bot.twitch.oauth import TwitchOAuth

log = structlog.get_logger(__name__)

_EARLIER_S = 300.0  # a token is refreshed so long before its end
VALIDATED_EVERY_S = 3600.0  # https://dev.twitch.tv/docs/authentication/validate-tokens/ asks for it


class Tokens:
    """`lost` is told of an account whose tokens are gone; it is forgotten by then.

    `app` is None for an application without a secret.
    """

    def __init__(
        self,
        accounts: TwitchAccounts,
        oauth: TwitchOAuth,
        app: AppToken | None,
        *,
        lost: Callable[[AccountKey], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts = accounts
        self._oauth = oauth
        self.app = app
        self._lost = lost
        self._clock = clock
        self._known: dict[AccountKey, TwitchAccount] = {}  # as many as there are accounts
        self._unsaved: set[AccountKey] = set()  # refreshed while the store was out of reach
        self._locks: dict[AccountKey, asyncio.Lock] = {}
        self._validated_at: dict[AccountKey, float] = {}

    async def of(self, key: AccountKey) -> str:
        """An access token of the account. Raise NotAuthorized or TwitchDown."""
        account = self._known.get(key)
        if account is None:
            async with self._lock(key):  # what is read while a token is refreshed would be the one before it
                account = await self._account(key)
        if self._clock() < account.ends_at - _EARLIER_S:
            return account.access_token
        return await self.renewed(key, account.access_token)

    async def renewed(self, key: AccountKey, refused: str) -> str:
        """Another token than the one that Twitch refused. Raise NotAuthorized or TwitchDown.

        Who is cancelled over it still sees it through: the old refresh token may be good for nothing by then.
        """
        renewing = asyncio.ensure_future(self._renewed(key, refused))
        try:
            return await asyncio.shield(renewing)
        except asyncio.CancelledError:
            await asyncio.wait([renewing])
            if not renewing.cancelled():
                renewing.exception()  # nobody else will ask
            raise

    async def _renewed(self, key: AccountKey, refused: str) -> str:
        async with self._lock(key):
            account = await self._account(key)
            if account.access_token != refused:  # somebody else was faster
                return account.access_token
            try:
                grant = await self._oauth.refresh(account.refresh_token)
            except TwitchRefused as error:
                return (await self._connected_again(account, error)).access_token
            account = replace(
                account,
                access_token=grant.access_token,
                refresh_token=grant.refresh_token,
                scopes=grant.scopes or account.scopes,
                ends_at=grant.ends_at,
            )
            self._known[key] = account
            self._unsaved.add(key)
            log.info("twitch_token_refreshed", user_id=key.user_id, role=key.role)
            await self._save(account)
            return account.access_token

    async def _connected_again(self, refused: TwitchAccount, error: TwitchRefused) -> TwitchAccount:
        """What the store has by now, should it be newer. Raise NotAuthorized, the account being forgotten, where it is
        not."""
        key = refused.key
        stored = await self._accounts.get(key)
        if stored is not None and key not in self._unsaved and stored.refresh_token != refused.refresh_token:
            self._known[key] = stored
            return stored
        log.warning("twitch_account_lost", user_id=key.user_id, role=key.role, status=error.status)
        await self.drop(key)
        raise NotAuthorized(key) from error

    async def save_late(self) -> None:
        """What could not be stored when it was refreshed. Raise what the store raises while it is out of reach."""
        for key in list(self._unsaved):
            async with self._lock(key):
                if key in self._unsaved:
                    await self._save(self._known[key])

    async def _save(self, account: TwitchAccount) -> None:
        await self._accounts.save(account)
        self._unsaved.discard(account.key)

    async def validate(self, key: AccountKey) -> None:
        """Ask Twitch once an hour whether the token is good. Raise NotAuthorized or TwitchDown."""
        now = self._clock()
        if now < self._validated_at.get(key, 0.0) + VALIDATED_EVERY_S:
            return
        token = await self.of(key)
        try:
            await self._oauth.validate(token)
        except TwitchRefused:
            await self.renewed(key, token)
        self._validated_at[key] = now

    def most_dubious(self, keys: Iterable[AccountKey], most: int) -> Sequence[AccountKey]:
        """Those that were validated the longest ago."""
        return sorted(keys, key=lambda key: self._validated_at.get(key, 0.0))[:most]

    def doubt(self, key: AccountKey) -> None:
        """Validate it the next time, however long ago the last was."""
        self._validated_at.pop(key, None)

    def learn(self, accounts: Iterable[TwitchAccount]) -> None:
        """What the store has now: the command line may have changed or removed accounts."""
        there = {account.key: account for account in accounts}
        for key in [key for key in self._known if key not in self._unsaved and self._known[key] != there.get(key)]:
            self.forget(key)

    def forget(self, key: AccountKey) -> None:
        """Read the account anew when it is next needed: it came, came again, or left."""
        for each in (self._known, self._validated_at):
            each.pop(key, None)
        self._unsaved.discard(key)

    async def drop(self, key: AccountKey) -> None:
        """The account is no more: Twitch took its tokens back, or it left."""
        await self._accounts.forget(key)
        self.forget(key)
        await self._lost(key)

    async def app_headers(self) -> Mapping[str, str]:
        """For a call as the application. Raise TwitchDown."""
        assert self.app is not None
        return await self.app.headers()

    def _lock(self, key: AccountKey) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    async def _account(self, key: AccountKey) -> TwitchAccount:
        """The lock is the caller's."""
        if key not in self._known:
            account = await self._accounts.get(key)
            if account is None:
                raise NotAuthorized(key)
            self._known[key] = account
        return self._known[key]
