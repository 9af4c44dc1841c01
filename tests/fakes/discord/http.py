"""The fake's HTTP server: routing, authorization, error answers, and the troubles that tests order."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from tests.fakes.discord import checks
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.faults import Fault

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API, GATEWAY, CDN, MEDIA = "/api/v10", "/gateway", "/cdn", "/media"


def json_answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """An answer with exactly the content type that Discord sends, and generous rate limits."""
    limits = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "49", "X-RateLimit-Reset-After": "1.0"}
    all_headers = {"Content-Type": "application/json"} | limits | (headers or {})
    return web.Response(body=json.dumps(value).encode(), status=status, headers=all_headers)


class HttpServer:
    """Listens on this machine. `changed` is called after every request."""

    def __init__(self, token: str, changed: Callable[[], None]) -> None:
        self.requests: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self.faults: list[Fault] = []
        self.origin = ""
        self._token = token
        self._changed = changed
        self._runner: web.AppRunner | None = None

    async def start(self, routes: Iterable[web.RouteDef], port: int) -> None:
        app = web.Application(client_max_size=16 * 1024 * 1024, middlewares=[self._guard])
        app.add_routes(routes)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.origin = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        fault = next((fault for fault in self.faults if fault.matches(request)), None)
        if fault is None:
            return await self._judged(request, handler)
        fault.times -= 1
        fault.reached.set()
        self._changed()
        if fault.hold:
            await request.read()
            await fault.release.wait()
            return await self._judged(request, handler)
        if fault.after:
            await self._judged(request, handler)
        if fault.status is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        status, body, headers = fault.answer()
        return json_answer(body, status, headers)

    async def _judged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._authorize(request)
            return await handler(request)
        except ApiError as error:
            if error.status in {400, 405, 413}:
                self.complaints.append(f"{request.method} {request.path}: {error}")
            return json_answer(error.body, error.status)
        finally:
            self._changed()

    def _authorize(self, request: web.Request) -> None:
        path = request.path.removeprefix(API)
        if path == request.path or path.startswith(("/webhooks/", "/interactions/")):
            return
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise ApiError(403, 40333, "internal network error")
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise checks.unauthorized()
