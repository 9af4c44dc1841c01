"""The `state` of an OAuth round trip: who comes back is the browser that went, once, and in time.

The browser keeps all of it in a signed cookie, so that nobody can fill our memory by beginning, and a round trip
outlives a restart and may end at another process. What was used is remembered for as long as it would still count.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

from aiohttp import web
from cachetools import TTLCache

from bot.web.signing import Signer

LIFE_S = 600.0
MAX_DATA_CHARS = 200
_MAX_USED = 10_000
_COOKIE = re.compile(r"([\w-]{43})\.(\d{1,12})\.([\w:.-]*)\.([0-9a-f]{64})", re.ASCII)
_DATA = re.compile(rf"[\w:.-]{{0,{MAX_DATA_CHARS}}}", re.ASCII)


class BadState(Exception):
    """Not begun in this browser, or not for this purpose, or too long ago, or used before."""


class OAuthStates:
    """`purpose` is a word of ours, such as `login-discord`; each has a cookie of its own. `secure` is whether browsers
    reach the site over https only."""

    def __init__(self, signer: Signer, *, secure: bool, clock: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._secure = secure
        self._clock = clock
        self._used: TTLCache[str, None] = TTLCache(_MAX_USED, LIFE_S, timer=clock)

    def begin(self, response: web.StreamResponse, purpose: str, data: str = "") -> str:
        """The state to send along. `data` comes back from `finish`; it is signed but not secret: letters, digits and
        `_:.-`, 200 at most."""
        if not _DATA.fullmatch(data):
            raise ValueError("that cannot be kept in a cookie")
        state, ends_at = secrets.token_urlsafe(32), int(self._clock() + LIFE_S)
        signature = self._signer.signature(_signed(purpose), f"{state}.{ends_at}.{data}")
        response.set_cookie(
            self._cookie_name(purpose),
            f"{state}.{ends_at}.{data}.{signature}",
            max_age=int(LIFE_S),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="Lax",  # the way back is a plain visit from another site
        )
        return state

    def finish(self, request: web.Request, purpose: str, state: str) -> str:
        """The data it was begun with. Raise BadState."""
        found = _COOKIE.fullmatch(request.cookies.get(self._cookie_name(purpose), ""))
        if found is None:
            raise BadState
        kept, ends_at, data, signature = found.groups()
        if not self._signer.is_valid(_signed(purpose), f"{kept}.{ends_at}.{data}", signature):
            raise BadState
        if not secrets.compare_digest(kept.encode(), state.encode()):
            raise BadState
        if self._clock() >= int(ends_at) or kept in self._used:
            raise BadState
        self._used[kept] = None
        return data

    def forget(self, response: web.StreamResponse, purpose: str) -> None:
        """Take the cookie back, whatever came of it."""
        response.del_cookie(self._cookie_name(purpose), path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _cookie_name(self, purpose: str) -> str:
        return f"{'__Host-' if self._secure else ''}emoteface_{purpose}"


def _signed(purpose: str) -> str:
    return f"oauth state {purpose}"
