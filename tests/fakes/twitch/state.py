"""What the parts of the fake share: the world, who holds which token, and waiting for what the bot does."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.fakes.twitch.faults import Fault
from tests.fakes.twitch.limits import Limits
from tests.fakes.twitch.world import Conduit, Message, Redemption, Subscription, Token, User
from tests.polling import PATIENCE_S

T = TypeVar("T")

TOKEN_LIVES_S = 14_124.0


class TwitchState:
    """One application `client_id`, one bot account `bot`, one channel `channel`, as many others as `user` makes."""

    def __init__(self) -> None:
        self.client_id = secrets.token_hex(15)
        self.client_secret = secrets.token_hex(15)
        self.redirect_uris: set[str] = set()  # registered; empty: any
        self.is_public_client = False  # without a secret, as for device codes
        self.bot, self.channel = User("emoteface_bot"), User("Streamer")
        self.people: dict[str, User] = {each.id: each for each in (self.bot, self.channel)}
        self.browsing: User | None = self.channel  # who sits in front of the authorize page; None says no there
        self.tokens: dict[str, Token] = {}
        self.refreshes: dict[str, Token] = {}
        self.sent: list[Message] = []  # by the bot through the API
        self.messages: dict[str, Message] = {}
        self.drops: list[dict[str, str]] = []  # reasons for the next messages that are not sent
        self.redemptions: list[Redemption] = []
        self.emotes: dict[str | None, list[dict[str, Any]]] = {None: []}  # of everybody, and by channel
        self.subscriptions: dict[str, Subscription] = {}
        self.conduits: dict[str, Conduit] = {}
        self.faults: list[Fault] = []
        self.limits = Limits()
        self.requests: list[tuple[str, str]] = []
        self.urls: list[str] = []  # of all requests, with their queries
        self.complaints: list[str] = []  # what a correct client does not do
        self.refreshed = 0
        self.token_lives_s = TOKEN_LIVES_S
        self._pulse = asyncio.Event()

    def user(self, name: str) -> User:
        """Somebody new."""
        made = User(name)
        self.people[made.id] = made
        return made

    def grant(self, user: User | None, *scopes: str, lives_s: float | None = None) -> Token:
        """A token as the authorize page gives it; without a user the application's."""
        ends_at = time.monotonic() + (self.token_lives_s if lives_s is None else lives_s)
        token = Token(user, set(scopes), ends_at, None if user is None else secrets.token_hex(25))
        self.tokens[token.value] = token
        if user is not None and token.refresh is not None:
            user.granted |= set(scopes)
            self.refreshes[token.refresh] = token
        return token

    def expire_tokens(self, user: User | None = None) -> None:
        """All access tokens of somebody (the application's: None) end; they can be refreshed."""
        self.tokens = {value: token for value, token in self.tokens.items() if token.user is not user}

    def withdraw(self, user: User) -> None:
        """The account's connection to the application is cut: nothing of it is left."""
        self.expire_tokens(user)
        self.refreshes = {value: token for value, token in self.refreshes.items() if token.user is not user}
        user.granted.clear()

    def changed(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def until(self, condition: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
        """Wait until the condition about this server holds; returns what it gave."""
        async with asyncio.timeout(timeout_s):
            while not (found := condition()):
                await self._pulse.wait()
        return found

    def fail_next(self, path: str, status: int | None = None, **details: Any) -> Fault:
        """Trouble for the next requests whose path matches the pattern; see `Fault` for the details."""
        fault = Fault(path, status, **details)
        self.faults.append(fault)
        return fault
