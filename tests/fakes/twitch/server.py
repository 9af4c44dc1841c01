"""A Twitch on this machine: id, Helix and EventSub in one server, strict about what a bot sends.

    async with FakeTwitch() as fake:
        token = fake.grant(fake.bot, "user:read:chat", "user:write:chat", "user:bot")
        settings = fake.settings()
        …
        fake.say(fake.user("Ada"), "!face 😂")
        await fake.until(lambda: fake.sent)

Whatever the bot does against the rules is answered as the real one would, or kept in `complaints`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

from config.twitch import TwitchSettings
from tests.fakes.twitch.access import Access
from tests.fakes.twitch.eventsub_rest import EventSubApi
from tests.fakes.twitch.happenings import Happenings
from tests.fakes.twitch.helix import HelixApi
from tests.fakes.twitch.identity import Identity
from tests.fakes.twitch.problems import ApiError
from tests.fakes.twitch.rewards import RewardApi

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeTwitch(Happenings):
    """Listens on this machine; `stop` and `start(fake.port)` make it disappear and come back with all it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = Identity(self)
        self.origin = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    async def start(self, port: int = 0) -> None:
        """Listen; `port` 0 picks a free one."""
        access = Access(self)
        apis = (self.identity, HelixApi(self, access), RewardApi(self, access))
        app = web.Application(middlewares=[self._guard])
        for each in (*apis, EventSubApi(self, access, self.sockets), self.sockets):
            app.add_routes(each.routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.origin = self.sockets.origin = f"127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Be gone: all connections end."""
        for fault in self.faults:
            fault.release.set()
        self.sockets.drop(1012)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def urls_of_services(self) -> dict[str, str]:
        """Where they are, by the names of the settings."""
        return {
            "helix_url": f"http://{self.origin}/helix",
            "id_url": f"http://{self.origin}/oauth2",
            "eventsub_url": f"ws://{self.origin}/ws",
            "cdn_url": f"http://{self.origin}/cdn",
        }

    def settings(self, **given: Any) -> TwitchSettings:
        """Settings that point a bot at this server."""
        ours = {"client_id": self.client_id, "client_secret": self.client_secret, "bot_user_id": self.bot.id}
        return TwitchSettings.model_validate(ours | self.urls_of_services() | given)

    def variables(self) -> dict[str, str]:
        """The same as settings of the whole program."""
        ours = {"client_id": self.client_id, "client_secret": self.client_secret, "bot_user_id": self.bot.id}
        return {f"twitch.{name}": value for name, value in (ours | self.urls_of_services()).items()}

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.urls.append(str(request.rel_url))
        try:
            return await self._answered(request, handler)
        finally:
            self.changed()

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = next((fault for fault in self.faults if fault.matches(request)), None)
        if fault is None:
            return await self._judged(request, handler)
        fault.times -= 1
        fault.reached.set()
        self.changed()
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
        return fault.answer()

    async def _judged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/helix/"):
            return await self._told(request, handler)
        bucket = self.limits.bucket(self._whose(request))
        if bucket.take():
            response = await self._told(request, handler)
        else:
            self.limits.refused += 1
            response = web.json_response(ApiError(429, "Too many requests").body, status=429)
        response.headers.update(bucket.headers())
        return response

    def _whose(self, request: web.Request) -> str:
        token = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return "" if token is None or token.user is None else token.user.id

    async def _told(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            if error.status == 400 and not request.path.startswith("/oauth2"):
                self.complaints.append(f"{request.method} {request.path}: {error}")
            return web.json_response(error.body, status=error.status)
