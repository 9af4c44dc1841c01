"""Ways to log in: what the pages need of a platform's OAuth."""

from __future__ import annotations

from typing import Protocol

from bot.store.web_sessions import Identity


class LoginFailed(Exception):
    """The platform did not say who that is; the text is a few words of ours for the log."""


class LoginWay(Protocol):
    """One platform."""

    @property
    def title(self) -> str:
        """Its name."""
        ...

    def authorize_url(self, state: str, redirect: str) -> str:
        """Where somebody agrees to be known here."""
        ...

    async def identify(self, code: str, redirect: str) -> Identity:
        """Who agreed. Raise LoginFailed."""
        ...
