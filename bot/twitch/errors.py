"""What can go wrong between us and Twitch. None of it is for askers: `bot.errors` has those.

TwitchError
├── TwitchDown(status)           no usable answer; later may be better
├── TwitchRefused(status, words) Twitch understood and says no
│   └── MissingScope
└── NotAuthorized(key)           the account's tokens are gone: it has to connect again
"""

from __future__ import annotations

from bot.store.twitch_accounts import AccountKey


class TwitchError(Exception):
    """Base of them all."""


class TwitchDown(TwitchError):
    """No answer, or one that is Twitch's own trouble (`status` 429 or 5xx; None: no answer at all). `unsent`: the
    request has not even left us."""

    def __init__(self, status: int | None = None, *, unsent: bool = False) -> None:
        super().__init__("no answer" if status is None else f"status {status}")
        self.status = status
        self.unsent = unsent


class TwitchRefused(TwitchError):
    """`words` are Twitch's, for the log; never shown to people."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"status {status}: {words}")
        self.status = status
        self.words = words


class MissingScope(TwitchRefused):
    """The account has not agreed to this."""


class NotAuthorized(TwitchError):
    """There is no such account, or Twitch takes its tokens no more."""

    def __init__(self, key: AccountKey) -> None:
        super().__init__(f"{key.role} {key.user_id} has to connect again")
        self.key = key
