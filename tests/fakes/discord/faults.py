"""Troubles on demand: errors, lost answers, rate limits, requests held back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests that match; `status` None cuts the connection.

    With `after` the request takes effect and only its answer is lost. `hold` waits for `release` and then goes on as
    if nothing had been.
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
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, request: web.Request) -> bool:
        return self.times > 0 and self.method == request.method and re.search(self.path, request.path) is not None

    def answer(self) -> tuple[int, dict[str, object], dict[str, str]]:
        """Status, body and headers as the real one sends them."""
        assert self.status is not None
        if self.status != 429:
            return self.status, {"message": f"{self.status}: Trouble on demand", "code": self.code}, {}
        body: dict[str, object] = {"message": "You are being rate limited.", "global": False}
        headers = {"Retry-After": str(max(1, round(self.retry_after_s))), "X-RateLimit-Scope": "shared"}
        return 429, body | {"retry_after": self.retry_after_s}, headers | ({"Via": "1.1 google"} if self.via else {})
