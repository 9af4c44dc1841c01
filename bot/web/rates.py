"""How much one address may ask for: a bucket of tokens that refills, and a number of requests at the same time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from cachetools import LRUCache

from bot.web.refusal import WebRefusal
from bot.web.visitors import Visitors

log = structlog.get_logger(__name__)

MAX_ADDRESSES = 20_000
MAX_AT_ONCE = 32  # of one address; open event streams count
_DEAR = 5.0  # what changes something, or asks another service on the visitor's behalf
_CHEAP = 0.25  # files of the page
_DEAR_PATHS = ("/login", "/connect", "/oembed")


class Buckets:
    """One bucket an address, full at first. Forgets those that were not used for the longest time, which are full."""

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_minute / 60
        self._size = per_minute
        self._clock = clock
        self._filled: LRUCache[str, tuple[float, float]] = LRUCache(MAX_ADDRESSES)

    def take(self, address: str, cost: float) -> float:
        """0 when it was paid for, else how many seconds until it could be; nothing is taken then."""
        now = self._clock()
        left, at = self._filled.get(address, (self._size, now))
        left = min(self._size, left + (now - at) * self._per_s)
        if left < cost:
            self._filled[address] = (left, now)
            return (cost - left) / self._per_s
        self._filled[address] = (left - cost, now)
        return 0.0


def rate_limited(visitors: Visitors, buckets: Buckets, *, max_at_once: int = MAX_AT_ONCE) -> Middleware:
    """Every request of every address is counted, also those that lead nowhere; only this very machine's are not."""
    at_once: Counter[str] = Counter()
    warned: set[str] = set()

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if visitors.is_at_this_machine(request):
            return await handler(request)
        if visitors.is_unknown_proxy(request) and not warned:
            warned.add(request.remote or "")
            log.warning("proxy_not_trusted", proxy=request.remote, setting="web.trusted_proxies")
        address = visitors.address(request)
        wait_s = buckets.take(address, cost_of(request))
        if wait_s or at_once[address] >= max_at_once:
            message = "That is too much at once. Wait a moment."
            raise WebRefusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", message, retry_after_s=wait_s or 5)
        at_once[address] += 1
        try:
            return await handler(request)
        finally:
            at_once[address] -= 1
            if not at_once[address]:
                del at_once[address]

    return limit


def cost_of(request: web.Request) -> float:
    """In requests for a page."""
    if request.method not in {"GET", "HEAD"} or request.path.startswith(_DEAR_PATHS):
        return _DEAR
    return _CHEAP if request.path.startswith("/static/") else 1.0
