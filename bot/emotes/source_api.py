"""Reading a source's web API: each address once at a time, kept in memory, looked at again in the background.

An address that was read before is answered from memory, however old, so that a source that is down is noticed only by
those who ask for something new. What is kept is bounded over all sources together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sized
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Protocol, TypeVar, cast

import aiohttp
import structlog
from cachetools import LRUCache

from bot.bounded import TooMuch, read_bounded
from bot.emotes.breaker import Breaker
from bot.models import EmoteSource

log = structlog.get_logger(__name__)

MAX_PER_HOST = 4  # requests under way at once
MAX_BODY_BYTES = 16_000_000  # decompressed; a set of 1000 7TV emotes has some 3 MB
RETRY_S = 30.0  # how long what failed to refresh is left as it is

T = TypeVar("T")


class SourceDown(Exception):
    """The source cannot be asked now, and nothing is known from before."""


class _Failed(Exception):
    """The source did not give what was asked for."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Kept:
    """What an address said (None: there is no such thing), by which tag, and when to look again."""

    value: Any
    etag: str | None
    due_at: float


class Authority(Protocol):
    """Knows the headers that a source wants to see, and can renew them."""

    async def headers(self) -> Mapping[str, str]: ...

    def renew(self) -> None: ...


class Nobody:
    """For sources that answer everybody."""

    async def headers(self) -> Mapping[str, str]:
        """None."""
        return {}

    def renew(self) -> None:
        """Nothing to renew."""


@dataclass(frozen=True, slots=True)
class Surfing:
    """What all sources share: the session, the memory, where background work runs, and the settings' times."""

    session: aiohttp.ClientSession
    cache: LRUCache[tuple[EmoteSource, str], Kept]
    start: Callable[[Coroutine[Any, Any, Kept | None]], asyncio.Task[Kept | None]]
    clock: Callable[[], float]
    timeout_s: float
    refresh_s: float
    count: Callable[[EmoteSource, str], None]  # of the outcomes: read, unchanged, absent, failed, spared


def memory_for(max_listed: int) -> LRUCache[tuple[EmoteSource, str], Kept]:
    """Least recently used answers make room; what can be counted weighs as many emotes as are in it."""
    return LRUCache(max_listed, getsizeof=lambda kept: max(1, len(kept.value)) if isinstance(kept.value, Sized) else 1)


class SourceApi:
    """GET below one base URL."""

    def __init__(
        self, source: EmoteSource, base_url: str, surfing: Surfing, authority: Authority | None = None
    ) -> None:
        self.breaker = Breaker(surfing.clock)
        self._source = source
        self._base_url = base_url
        self._surfing = surfing
        self._authority = authority or Nobody()
        self._gate = asyncio.Semaphore(MAX_PER_HOST)
        self._flights: dict[str, asyncio.Task[Kept | None]] = {}

    async def get(self, path: str, parse: Callable[[bytes], T]) -> T | None:
        """What `parse` makes of the body; None where there is nothing (404). Raise SourceDown.

        `path` must consist of validated pieces. `parse` runs in a thread and raises ValueError for what it cannot read.
        """
        kept = self._surfing.cache.get((self._source, path))
        if kept is None:
            kept = await asyncio.shield(self._flight(path, parse))
            if kept is None:
                raise SourceDown
        elif self._surfing.clock() >= kept.due_at:
            self._flight(path, parse)
        return cast("T | None", kept.value)

    def _flight(self, path: str, parse: Callable[[bytes], Any]) -> asyncio.Task[Kept | None]:
        """The one request for this address that is under way."""
        task = self._flights.get(path)
        if task is None:
            task = self._flights[path] = self._surfing.start(self._look(path, parse))
            task.add_done_callback(lambda _: self._flights.pop(path))
        return task

    async def _look(self, path: str, parse: Callable[[bytes], Any]) -> Kept | None:
        """Ask and keep the answer; None when there is none. Never raises."""
        cache, key = self._surfing.cache, (self._source, path)
        before = cache.get(key)
        try:
            fresh = await self._ask(path, parse, before)
        except (_Failed, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            retry_after_s = error.retry_after_s if isinstance(error, _Failed) else None
            self.breaker.failed(retry_after_s)
            self._note(error)
            fresh = None
        except Exception:  # a defect here must not end the program, which all flights are part of
            self.breaker.failed()
            log.exception("emote_source_crashed", source=self._source)
            fresh = None
        if fresh is None and before is not None:
            fresh = Kept(before.value, before.etag, self._surfing.clock() + RETRY_S)
        if fresh is not None:
            cache[key] = fresh
        return fresh

    async def _ask(self, path: str, parse: Callable[[bytes], Any], before: Kept | None) -> Kept | None:
        if not self.breaker.allows():
            self._surfing.count(self._source, "spared")
            return None
        async with asyncio.timeout(self._surfing.timeout_s), self._gate:
            status, etag, body = await self._answer(path, before.etag if before else None)
            if status == 401:
                self._authority.renew()
                status, etag, body = await self._answer(path, before.etag if before else None)
            if status not in {200, 304, 404}:
                raise _Failed(f"status {status}")
            if status == 304 and before is not None:
                value, etag = before.value, before.etag
            else:
                value = None if status == 404 else await asyncio.to_thread(parse, body)
        self.breaker.succeeded()
        self._surfing.count(self._source, {200: "read", 304: "unchanged", 404: "absent"}[status])
        return Kept(value, etag, self._surfing.clock() + self._surfing.refresh_s)

    async def _answer(self, path: str, etag: str | None) -> tuple[int, str | None, bytes]:
        headers = dict(await self._authority.headers()) | ({"If-None-Match": etag} if etag else {})
        async with self._surfing.session.get(
            f"{self._base_url}/{path}",
            allow_redirects=False,
            headers={"Accept": "application/json", **headers},
            timeout=aiohttp.ClientTimeout(total=None),  # ours covers waiting for the gate as well
        ) as response:
            if response.status in {429, 503}:
                raise _Failed(f"status {response.status}", _seconds(response.headers.get("Retry-After")))
            body = await _read(response.content) if response.status == 200 else b""
            return response.status, response.headers.get("ETag"), body

    def _note(self, error: Exception) -> None:
        """Without the path: in some there is a name that somebody typed."""
        self._surfing.count(self._source, "failed")
        reason = str(error) if isinstance(error, _Failed) else type(error).__name__
        log.warning("emote_source_failed", source=self._source, reason=reason, breaker=self.breaker.state)


async def _read(stream: aiohttp.StreamReader) -> bytes:
    try:
        return await read_bounded(stream, MAX_BODY_BYTES)
    except TooMuch:
        raise _Failed("the answer is too large") from None


def _seconds(retry_after: str | None) -> float | None:
    """Of a Retry-After header, which has seconds or a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except ValueError:
        return None
