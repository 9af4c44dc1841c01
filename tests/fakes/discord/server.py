"""A Discord on this machine: gateway, REST and CDN in one server, strict about what a bot sends.

    async with FakeDiscord() as fake:
        bot = DiscordBot(fake.settings(), Services(faces, emotes, showing, consent, policy))
        …
        question = fake.say(fake.channel, fake.user("Ada"), "!face 😂")
        answer = await fake.answer_to(question)

Whatever the bot does against the rules is answered as the real one would, and kept in `complaints`.
"""

from __future__ import annotations

from typing import Any, Self

from aiohttp import web

from config.settings import DiscordSettings
from tests.fakes.discord.answers import GATEWAY
from tests.fakes.discord.channel_rest import ChannelApi
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.guild_rest import GuildApi
from tests.fakes.discord.happenings import Happenings
from tests.fakes.discord.interactions import InteractionApi
from tests.fakes.discord.limits import Limit
from tests.fakes.discord.oauth import OAuthApi
from tests.fakes.discord.places import Places
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.using import Using
from tests.fakes.discord.world import Channel


class FakeDiscord(Places, Happenings, Using):
    """One server with one guild `guild`, one text channel `channel` and one bot."""

    def __init__(self, **details: Any) -> None:
        super().__init__(**details)
        self.rest = Rest(self)
        self.oauth = OAuthApi(self)
        self.http.is_person = lambda request: self.oauth.who(request) is not None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on this machine; `port` 0 picks a free one."""
        gateway = web.get(GATEWAY, self.gateway.handle)
        apis = (self.oauth, self.rest, ChannelApi(self), GuildApi(self), InteractionApi(self), self.files)
        routes = [*(route for api in apis for route in api.routes()), gateway]
        await self.http.start(routes, port)

    async def stop(self) -> None:
        """Disappear; what exists stays, and `start(fake.port)` brings it back."""
        self.gateway.drop(1012, forget=False)
        await self.http.stop()

    def settings(self, **given: Any) -> DiscordSettings:
        """Settings that point a bot at this server."""
        ours = self._settings() | {"prefix": "!", "shard_count": None, "shard_ids": None}
        ours |= {"client_id": None, "client_secret": None, "authorize_url": f"{self.api_url}/oauth2/authorize"}
        return DiscordSettings.model_validate(ours | given)

    def variables(self) -> dict[str, str]:
        """The same as settings of the whole program."""
        return {f"discord.{name}": value for name, value in self._settings().items()}

    def _settings(self) -> dict[str, str]:
        names = ("token", "api_url", "gateway_url", "cdn_url", "media_url")
        return {name: getattr(self, name) for name in names}

    def drop_gateway(self, code: int = 4000, *, forget: bool = False) -> None:
        """Close the gateway's connections; with `forget` the sessions cannot be resumed."""
        self.gateway.drop(code, forget=forget)

    def fail_next(self, method: str, path: str, status: int | None = None, **details: Any) -> Fault:
        """Trouble for the next request whose path contains the pattern; see `Fault` for the details."""
        fault = Fault(method, path, status, **details)
        self.http.faults.append(fault)
        return fault

    def refuse_next(self, method: str, path: str, scope: str, retry_after_s: float, *, times: int = 1) -> Fault:
        """A 429 for the next matching request: "user" (the route's), "shared", "global", or "cloudflare"'s."""
        return self.fail_next(method, path, 429, scope=scope, retry_after_s=retry_after_s, times=times)

    def limit(self, method: str, path: str, times: int, per_s: float) -> None:
        """Really limit a route, each channel, guild or webhook of it for itself."""
        self.http.limits.limits.append(Limit(method, path, times, per_s))

    def limit_messages(self, channel: Channel | None = None, *, times: int = 5, per_s: float = 5.0) -> None:
        """Limit posting to a channel, or to each one, as the real Discord does."""
        where = r"\d+" if channel is None else str(channel.id)
        self.limit("POST", f"/channels/{where}/messages$", times, per_s)

    def limit_globally(self, per_s: int = 50) -> None:
        """Limit all that the bot does, but for answers to interactions."""
        self.http.limits.limit_of_all = Limit("", "", per_s, 1.0)

    @property
    def ignored_limits(self) -> int:
        """Requests sent although the bot had been told to wait."""
        return self.http.limits.ignored

    @property
    def invalid_requests(self) -> int:
        """Answers 401, 403 and 429, of which Cloudflare bans an address that gets 10,000 in ten minutes."""
        return self.http.limits.invalid
