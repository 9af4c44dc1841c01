"""Troubles on demand: errors, lost answers, rate limits, requests held back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.discord.answers import json_answer


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests that match; `status` None cuts the connection.

    With `after` the request takes effect and only its answer is lost. `hold` waits for `release` and then goes on as
    if nothing had been; with both, only the answer waits.
    """

    method: str
    path: str
    status: int | None = None
    code: int = 0
    times: int = 1
    after: bool = False
    hold: bool = False
    retry_after_s: float = 0.05
    via: bool = True
    scope: str = "shared"  # of a 429: also "user", "global", "cloudflare"
    html: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, request: web.Request) -> bool:
        return self.times > 0 and self.method == request.method and re.search(self.path, request.path) is not None

    def answer(self) -> web.Response:
        """The error as the real one sends it; the proxies in front of it do so without JSON."""
        assert self.status is not None
        if self.html:
            return web.Response(status=self.status, text="<html>no healthy upstream</html>", content_type="text/html")
        return json_answer({"message": f"{self.status}: Trouble on demand", "code": self.code}, self.status)
