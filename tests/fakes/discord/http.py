"""The fake's HTTP server: routing, authorization, error answers, and the troubles that tests order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from tests.fakes.discord import checks
from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.limits import RateLimits

OAUTH = {"/oauth2/authorize", "/oauth2/token", "/oauth2/token/revoke"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """Listens on this machine. `changed` is called after every request."""

    def __init__(self, token: str, changed: Callable[[], None]) -> None:
        self.requests: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self.faults: list[Fault] = []
        self.limits = RateLimits()
        self.origin = ""
        self.is_person: Callable[[web.Request], bool] = lambda request: False  # with a token of a login
        self._token = token
        self._changed = changed
        self._runner: web.AppRunner | None = None

    async def start(self, routes: Iterable[web.RouteDef], port: int) -> None:
        app = web.Application(client_max_size=128 << 20, middlewares=[self._guard])
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
        response = self.limits.refusal(request) or await self._answered(request, handler)
        self.limits.judged(request, response)
        return response

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = next((fault for fault in self.faults if fault.matches(request)), None)
        if fault is None:
            return await self._judged(request, handler)
        fault.times -= 1
        fault.reached.set()
        self._changed()
        if fault.hold and fault.after:
            answer = await self._judged(request, handler)
            await fault.release.wait()
            return answer
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
        if fault.status == 429:
            return self.limits.ordered(request, fault.scope, fault.retry_after_s, via=fault.via)
        return fault.answer()

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
        if path == request.path or path.startswith(("/webhooks/", "/interactions/")) or path in OAUTH:
            return
        if path in {"/users/@me", "/users/@me/guilds"} and self.is_person(request):
            return
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise ApiError(403, 40333, "internal network error")
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise checks.unauthorized()
