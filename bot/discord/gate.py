"""What stands before every request to Discord's API, and knows when not to send it.

Both HTTP clients of discord.py (bot and interactions) share one aiohttp session, and a session's tracing sees every
request and every answer; so this holds for all calls, the library's own retries too. What the library does itself:
it waits out rate limits with a `Via` header, and repeats 500, 502 and 504. It raises at once a 429 of Cloudflare's,
a 503 and whatever the gate raises; `Postman` tries such an answer again later, `Words` a first response at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from random import Random
from types import SimpleNamespace

import aiohttp
import discord
import structlog

log = structlog.get_logger(__name__)

# https://docs.discord.com/developers/topics/rate-limits
_INVALID = {401, 403, 404, 429}  # 404 is not on Discord's list, and does not help either
_MAX_INVALID = 5_000  # Discord bans an address for 10,000 in 10 minutes; other processes may share the address
_INVALID_WITHIN_S = 600.0
_MAX_AT_ONCE, _WITHIN_S = 45, 1.05  # Discord allows a bot 50 in a second, without those of interactions
_BAN_S = 60.0  # when Cloudflare does not say how long
_MAX_BAN_S = 3600.0
_ROUGH_S = 10.0  # for so long after trouble, requests do not all start in the same moment


class SendingPaused(aiohttp.ClientError):
    """Not sent, and nothing else will be for a while."""


class Gate:
    """One per process, whatever client sends; `share` is this process's part of what Discord allows the bot."""

    def __init__(
        self, random: Random, *, spread_s: float, share: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._random = random
        self._spread_s = spread_s
        self._clock = clock
        self._invalid_at: deque[float] = deque(maxlen=_MAX_INVALID)
        self._turns: deque[float] = deque(maxlen=max(1, int(_MAX_AT_ONCE * share)))
        self._paused_until = self._rough_until = self._held_until = 0.0

    @property
    def paused_s(self) -> float:
        """For how much longer nothing is sent."""
        return max(0.0, self._paused_until - self._clock())

    def trace(self, release_global: Callable[[], None]) -> aiohttp.TraceConfig:
        """For one client's session. `release_global` ends the library's global wait, however that went: a request
        that is cancelled while it waits out a global limit would leave all others waiting for ever."""
        config = aiohttp.TraceConfig()

        async def before(_: object, context: SimpleNamespace, sent: aiohttp.TraceRequestStartParams) -> None:
            context.is_api = str(sent.url).startswith(discord.http.Route.BASE)
            if context.is_api:
                await self._enter(is_interaction=_is_interaction(sent.url.path))

        async def after(_: object, context: SimpleNamespace, got: aiohttp.TraceRequestEndParams) -> None:
            if context.is_api:
                await self._learn(got.response, release_global)

        config.on_request_start.append(before)
        config.on_request_end.append(after)
        return config

    async def _enter(self, *, is_interaction: bool) -> None:
        if self.paused_s:
            raise SendingPaused
        if is_interaction:  # has 3 s, and no part in the bot's global limit
            return
        now = self._clock()
        is_full = len(self._turns) == self._turns.maxlen
        turn = max(now, self._turns[0] + _WITHIN_S) if is_full else now
        self._turns.append(turn)
        roughness_s = self._random.uniform(0, self._spread_s) if now < self._rough_until else 0.0
        if (wait_s := turn - now + roughness_s) > 0:
            await asyncio.sleep(wait_s)
        if (held_s := self._held_until - self._clock()) > 0:  # meanwhile the bot as a whole was told to wait
            await asyncio.sleep(held_s + self._random.uniform(0, self._spread_s))
        if self.paused_s:
            raise SendingPaused

    async def _learn(self, response: aiohttp.ClientResponse, release_global: Callable[[], None]) -> None:
        status, headers = response.status, response.headers
        if status in _INVALID and headers.get("X-RateLimit-Scope") != "shared":
            self._count_invalid()
        if status == 429 and "Via" not in headers:
            self._pause(min(_MAX_BAN_S, _seconds(headers.get("Retry-After")) or _BAN_S), "banned by Cloudflare")
        elif status == 429 and "X-RateLimit-Global" in headers:
            wait_s = await _exactly(response)
            self._held_until = self._clock() + wait_s
            self._rough_until = self._clock() + wait_s + _ROUGH_S
            asyncio.get_running_loop().call_later(wait_s + self._spread_s, release_global)
            log.warning("discord_global_limit_hit", wait_s=wait_s)
        elif status >= 500:
            self._rough_until = self._clock() + _ROUGH_S

    def _count_invalid(self) -> None:
        now = self._clock()
        self._invalid_at.append(now)
        if len(self._invalid_at) == _MAX_INVALID and self._invalid_at[0] > now - _INVALID_WITHIN_S:
            self._pause(self._invalid_at[0] + _INVALID_WITHIN_S - now, "too many refused requests")

    def _pause(self, for_s: float, reason: str) -> None:
        self._paused_until = max(self._paused_until, self._clock() + for_s)
        self._rough_until = self._paused_until + _ROUGH_S
        log.error("discord_sending_paused", reason=reason, for_s=round(for_s))


def _is_interaction(path: str) -> bool:
    return "/interactions/" in path or "/webhooks/" in path


async def _exactly(response: aiohttp.ClientResponse) -> float:
    """The header is rounded. Reading the body here takes it from nobody: aiohttp keeps it."""
    try:
        return float(json.loads(await response.read())["retry_after"])
    except (ValueError, KeyError, TypeError):
        return _seconds(response.headers.get("Retry-After"))


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
