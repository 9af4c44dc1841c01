"""Rate limits as the real Discord has them: by route, for a bot as a whole, and Cloudflare's in front of both."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from tests.fakes.discord.answers import API, json_answer

VIA = {"Via": "1.1 google"}  # Cloudflare's own answers have none
CROSSING_PULSES, PULSE_S = 20, 0.005  # what was on its way when another request was refused ignored nothing
EARLY_S = 0.01  # clocks differ
INVALID_STATUSES = {401, 403, 429}


@dataclass(slots=True)
class Window:
    ends_at: float
    used: int = 0


@dataclass(slots=True)
class Limit:
    """At most `times` requests per `per_s` to each bucket of a route; buckets are channels, guilds or webhooks.

    The window begins with the first request, and all of it is free again when it ends.
    """

    method: str
    path: str  # a pattern
    times: int
    per_s: float
    windows: dict[str, Window] = field(default_factory=dict)

    def matches(self, request: web.Request) -> bool:
        return self.method == request.method and re.search(self.path, request.path) is not None

    def window(self, bucket: str) -> Window:
        """The one that is open."""
        now, window = time.monotonic(), self.windows.get(bucket)
        if window is None or now >= window.ends_at:
            window = self.windows[bucket] = Window(now + self.per_s)
        return window


def too_many(retry_after_s: float, scope: str, *, via: bool = True) -> web.Response:
    """A 429 of Discord's own; `scope` is "user", "shared" (the resource's, not the bot's fault) or "global"."""
    headers = {"Retry-After": str(max(1, round(retry_after_s))), "X-RateLimit-Scope": scope} | (VIA if via else {})
    body: dict[str, object] = {"message": "You are being rate limited.", "global": scope == "global"}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return json_answer(body | {"retry_after": retry_after_s}, 429, headers)


def banned(retry_after_s: float) -> web.Response:
    """Cloudflare's refusal of an address: no JSON, no `Via`."""
    headers = {"Retry-After": str(max(1, round(retry_after_s))), "Content-Type": "text/html; charset=UTF-8"}
    return web.Response(status=429, text="<html><body>error code: 1015</body></html>", headers=headers)


class RateLimits:
    """Judges requests. `ignored` counts those sent although the bot had been told to wait, `invalid` what Cloudflare
    counts against an address, `refused` the answers 429 by scope."""

    def __init__(self) -> None:
        self.limits: list[Limit] = []
        self.limit_of_all: Limit | None = None
        self.invalid_limit = 10_000
        self.ignored = self.invalid = 0
        self.refused: Counter[str] = Counter()
        self._told: dict[str, float] = {}  # bucket: until when nothing should come

    def refusal(self, request: web.Request) -> web.Response | None:
        """The 429 for a request, if it came too soon."""
        if not request.path.startswith(API):
            return None
        if self.invalid >= self.invalid_limit:
            return self._refuse("", "cloudflare", 600.0)
        now = time.monotonic()
        self._notice_impatience(request, now)
        for limit in self.limits:
            if limit.matches(request):
                window = limit.window(_bucket(request))
                if window.used >= limit.times:
                    self.ignored += 1  # the answer before said that nothing remains
                    return self._refuse(_bucket(request), "user", window.ends_at - now)
                window.used += 1
        if self.limit_of_all is not None and _counts_globally(request):
            window = self.limit_of_all.window("")
            if window.used >= self.limit_of_all.times:
                return self._refuse("global", "global", window.ends_at - now)
            window.used += 1
        return None

    def ordered(self, request: web.Request, scope: str, retry_after_s: float, *, via: bool = True) -> web.Response:
        """A refusal that a test wants; who does not wait for its end is counted."""
        bucket = {"global": "global", "cloudflare": ""}.get(scope, _bucket(request))
        return self._refuse(bucket, scope, retry_after_s, via=via)

    def judged(self, request: web.Request, response: web.StreamResponse) -> None:
        """Look at an answer on its way out: headers of its limit, and whether it counts as invalid."""
        if not request.path.startswith(API):
            return
        if response.status in INVALID_STATUSES and response.headers.get("X-RateLimit-Scope") != "shared":
            self.invalid += 1
        now = time.monotonic()
        for limit in self.limits:
            if limit.matches(request) and (window := limit.windows.get(_bucket(request))):
                reset_after_s = window.ends_at - now
                response.headers["X-RateLimit-Limit"] = str(limit.times)
                response.headers["X-RateLimit-Remaining"] = str(max(0, limit.times - window.used))
                response.headers["X-RateLimit-Reset-After"] = f"{max(0.001, reset_after_s):.3f}"
                response.headers["X-RateLimit-Reset"] = f"{time.time() + reset_after_s:.3f}"
                response.headers["X-RateLimit-Bucket"] = f"{hash((limit.method, limit.path)) & 0xFFFFFFFF:08x}"

    def _refuse(self, bucket: str, scope: str, retry_after_s: float, *, via: bool = True) -> web.Response:
        now = time.monotonic()
        self.refused[scope] += 1
        self._tell(bucket, now + retry_after_s, pulses=CROSSING_PULSES)
        return banned(retry_after_s) if scope == "cloudflare" else too_many(retry_after_s, scope, via=via)

    def _tell(self, bucket: str, until: float, *, pulses: int) -> None:
        """The refusal is known once the loop, which bot and fake share, has turned so often: a busy machine may need
        long for that."""
        if pulses:
            asyncio.get_running_loop().call_later(PULSE_S, partial(self._tell, bucket, until, pulses=pulses - 1))
        elif self._told.get(bucket, 0.0) <= time.monotonic():
            self._told[bucket] = until

    def _notice_impatience(self, request: web.Request, now: float) -> None:
        buckets = ["", _bucket(request)] + (["global"] if _counts_globally(request) else [])
        self.ignored += any(now < self._told.get(bucket, 0.0) - EARLY_S for bucket in buckets)


def _bucket(request: web.Request) -> str:
    """A route with the ids that have limits of their own."""
    resource = request.match_info.route.resource
    majors = [request.match_info.get(name, "") for name in ("channel", "guild", "application", "token")]
    return f"{request.method} {resource.canonical if resource else request.path} {majors}"


def _counts_globally(request: web.Request) -> bool:
    """Answers to interactions are not bound to the limit of a bot."""
    return not request.path.startswith((f"{API}/interactions/", f"{API}/webhooks/"))
