"""Twitch for the rest of the program: what happens there, and what can be done there.

    bot = TwitchBot(settings.twitch, accounts, session)
    bot.on(ChatMessage, hear)
    await bot.run()

`run` heals itself: a lost connection, Twitch being down, tokens that end, subscriptions that vanish.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import aiohttp
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.emotes.twitch import AppToken
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.twitch.errors import NotAuthorized, TwitchDown, TwitchError, TwitchRefused
from bot.twitch.events import ChannelLost, TwitchEvent
from bot.twitch.feed import Feed
from bot.twitch.helix import Helix
from bot.twitch.http import HelixHttp, Patience, token_for, use_servers
from bot.twitch.line import Frame, LineLost
from bot.twitch.membership import Membership
from bot.twitch.oauth import TwitchOAuth
from bot.twitch.plan import Plan
from bot.twitch.session import Session, SessionParts
from bot.twitch.subscriptions import Reconciler
from bot.twitch.tokens import Tokens
from config.twitch import TwitchSettings

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=TwitchEvent)

_FAREWELL_S = 20.0
_STABLE_S = 30.0  # a session that lasted so long was a good one


@dataclass(frozen=True, slots=True)
class Pacing:
    """How often the subscriptions are looked at; the pauses between tries to connect, doubled each time."""

    round_s: float = 60.0
    pause_s: float = 1.0
    max_pause_s: float = 60.0
    patience: Patience = field(default_factory=Patience)


class TwitchBot:
    """One for the program. `problem` is None while all is well or there is nothing to do; `channels` are those served.

    `count` hears of everything that comes, as `Feed` says, and of "connected" and "lost".
    """

    def __init__(
        self,
        settings: TwitchSettings,
        accounts: TwitchAccounts,
        session: aiohttp.ClientSession,
        *,
        pacing: Pacing = Pacing(),  # frozen
        random: Random | None = None,
        count: Callable[[str], None] = lambda _: None,
        membership: Membership | None = None,
    ) -> None:
        use_servers(settings.helix_url, settings.id_url)
        self.oauth = TwitchOAuth(session, settings)
        self.accounts = accounts
        self.channels: Sequence[TwitchAccount] = ()
        self.problem: str | None = None
        self._settings = settings
        self._pacing = pacing
        self._random = random or Random()
        self._count = count
        self._membership = membership
        self._app = _app_token(settings, session)
        self._tokens = Tokens(accounts, self.oauth, self._app, lost=self._account_lost)
        self._http = HelixHttp(
            session, self._tokens, client_id=settings.client_id or "", patience=pacing.patience, random=self._random
        )
        self._reconciler = Reconciler(self._http)
        self._feed = Feed(count)
        self._wake = asyncio.Event()
        self._session: Session | None = None
        self._farewells: list[Callable[[str], Awaitable[None]]] = []
        self._helix: Helix | None = None

    def on(self, kind: type[E], handler: Callable[[E], Awaitable[None]]) -> None:
        """From now on `handler` hears of these. What it raises is logged and goes no further."""
        self._feed.on(kind, handler)

    @property
    def helix(self) -> Helix:
        """What can be done. Raise NotAuthorized while no bot account has logged in."""
        if self._helix is None:
            raise NotAuthorized(AccountKey(self._settings.bot_user_id or "", Role.BOT))
        return self._helix

    @property
    def is_up(self) -> bool:
        """Whether what happens in the channels is heard."""
        return self._session is not None and self._session.is_up

    @property
    def refused(self) -> Mapping[str, Sequence[str]]:
        """Channel id → the types of events that Twitch does not let us hear there."""
        return self._reconciler.refused

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed.run())
            await self._keep_connected()

    async def connect(self, account: TwitchAccount) -> None:
        """A broadcaster or the bot account has agreed; it is served within moments."""
        await self.accounts.save(account)
        self._tokens.forget(account.key)
        self._reconciler.forget(account.key.user_id)
        log.info("twitch_account_connected", user_id=account.key.user_id, role=account.key.role)
        self._wake.set()

    def before_leaving(self, handler: Callable[[str], Awaitable[None]]) -> None:
        """`handler` gets the id of every channel that is disconnected here, while its token still works."""
        self._farewells.append(handler)

    async def look(self) -> None:
        """What the store says, for who does not `run`: afterwards `helix` is there if it can be."""
        await self._replan()

    async def disconnect(self, key: AccountKey) -> bool:
        """An account leaves: its token is revoked, its subscriptions end. False: Twitch could not be told."""
        if await self.accounts.get(key) is None:
            return True
        if key.role is Role.CHANNEL:
            await self._say_farewell(key.user_id)
        try:
            await self.oauth.revoke(await self._tokens.of(key))  # a farewell may have refreshed it
            is_told = True
        except NotAuthorized:  # Twitch has done so itself
            is_told = True
        except (TwitchDown, TwitchRefused) as error:
            log.warning("twitch_revoking_failed", user_id=key.user_id, error=str(error))
            is_told = False
        await self._tokens.drop(key)
        log.info("twitch_account_disconnected", user_id=key.user_id, role=key.role)
        return is_told

    async def _say_farewell(self, channel_id: str) -> None:
        for handler in self._farewells:
            try:
                async with asyncio.timeout(_FAREWELL_S):
                    await handler(channel_id)
            except (TwitchError, TimeoutError) as error:
                log.warning("twitch_farewell_failed", channel_id=channel_id, error=str(error))

    async def _account_lost(self, key: AccountKey) -> None:
        self._reconciler.forget(key.user_id)
        if key.role is Role.CHANNEL:
            self._feed.put(ChannelLost(key.user_id))
        self._wake.set()

    async def _keep_connected(self) -> None:
        pause_s = self._pacing.pause_s
        while True:
            started_at = time.monotonic()
            try:
                plan = await self._replan()
                if plan.is_idle:
                    await self._pause(self._pacing.round_s)
                else:
                    await self._one_session(plan)
                continue
            except (TwitchError, LineLost, SQLAlchemyError, OSError) as error:  # the last two are the store's
                self.problem = _words(error)
                self._count("lost")
                log.warning("twitch_connection_lost", reason=self.problem)
            if time.monotonic() > started_at + _STABLE_S:
                pause_s = self._pacing.pause_s
            await self._pause(pause_s * self._random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, self._pacing.max_pause_s)

    async def _one_session(self, plan: Plan) -> None:
        self._session = Session(self._session_parts(), plan, self._wake)
        self._count("connected")
        try:
            await self._session.run()
        finally:
            self._session = None

    def _session_parts(self) -> SessionParts:
        return SessionParts(
            http=self._http,
            tokens=self._tokens,
            accounts=self.accounts,
            reconciler=self._reconciler,
            eventsub_url=self._settings.eventsub_url,
            notified=self._feed.take,
            revoked=self._revoked,
            up=self._session_up,
            replan=self._replan,
            round_s=self._pacing.round_s,
        )

    def _session_up(self) -> None:
        self.problem = None

    async def _replan(self) -> Plan:
        """From the store, because the command line writes there, too."""
        await self._tokens.save_late()
        accounts = await self.accounts.all()
        self._tokens.learn(accounts)
        plan = Plan.of(accounts, self._settings.bot_user_id, has_app=self._app is not None)
        self.channels = plan.channels if plan.bot is not None else ()
        if self._membership is not None:
            await self._membership.served([channel.key.user_id for channel in plan.channels])
        if plan.bot is None:
            self._helix = None
            self.problem = "no bot account: emoteface twitch login" if plan.channels else None
        else:
            reader = "" if self._app is not None else token_for(plan.bot.key)
            self._helix = Helix(self._http, plan.bot.key, reader)
            if plan.is_idle:
                self.problem = None
        return plan

    def _revoked(self, frame: Frame) -> None:
        """Twitch ended a subscription: perhaps the account has left, perhaps only this one is gone."""
        try:
            subscription = frame["payload"]["subscription"]
            status, condition = str(subscription["status"]), dict(subscription["condition"])
        except (KeyError, TypeError, ValueError):
            status, condition = "unreadable", {}
        log.warning("twitch_subscription_revoked", status=status, channel_id=condition.get("broadcaster_user_id"))
        self._tokens.doubt(AccountKey(str(condition.get("broadcaster_user_id", "")), Role.CHANNEL))
        self._tokens.doubt(AccountKey(str(condition.get("user_id", "")), Role.BOT))
        self._wake.set()

    async def _pause(self, for_s: float) -> None:
        """Until something changes at the latest."""
        try:
            async with asyncio.timeout(for_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()


def _app_token(settings: TwitchSettings, session: aiohttp.ClientSession) -> AppToken | None:
    """An application without a secret has none."""
    if settings.client_id is None or settings.client_secret is None:
        return None
    return AppToken(
        session, settings.id_url, client_id=settings.client_id, client_secret=settings.client_secret, clock=time.time
    )


def _words(error: Exception) -> str:
    match error:
        case LineLost():
            return "Twitch ended the connection"
        case TwitchDown():
            return f"Twitch is out of reach ({error})"
        case TwitchError():
            return str(error)
    return f"the store is out of reach ({type(error).__name__})"
