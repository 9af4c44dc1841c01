"""Troubles on demand: errors, lost answers, requests held back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.twitch.problems import ApiError


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests that match; `status` None cuts the connection.

    With `after` the request takes effect and only its answer is lost. `hold` waits for `release` and then goes on as if
    nothing had been.
    """

    path: str
    status: int | None = None
    method: str | None = None
    message: str = "Trouble on demand"
    times: int = 1
    after: bool = False
    hold: bool = False
    html: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, request: web.Request) -> bool:
        if self.times <= 0 or self.method not in {None, request.method}:
            return False
        return re.search(self.path, request.path) is not None

    def answer(self) -> web.Response:
        """The error as Twitch sends it; what stands in front of it does so without JSON."""
        assert self.status is not None
        if self.html:
            return web.Response(status=self.status, text="<html>no upstream</html>", content_type="text/html")
        return web.json_response(ApiError(self.status, self.message).body, status=self.status)
