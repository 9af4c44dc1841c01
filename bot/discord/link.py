"""The connection to Discord: one logged-in client at a time, and the library pointed at the configured servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from yarl import URL

from bot.discord.commands import SlashHandler, build_tree
from bot.discord.deleting import DeletionHandler
from bot.discord.emote_commands import EmoteHandler
from bot.discord.pacing import Pacing
from bot.discord.server_commands import DecisionHandler
from bot.discord.server_emoji import server_emoji
from bot.emotes.catalogue import EMPTY, Catalogue
from config.settings import DiscordSettings

log = structlog.get_logger(__name__)

_MAX_RATE_LIMIT_S = 30.0  # a longer pause becomes an error here, and the answer is tried again later


class NotConnected(Exception):
    """There is no logged-in client just now."""


class NeverConnected(Exception):
    """The first connection to the gateway failed; the cause says how."""


@dataclass(frozen=True, slots=True)
class ChatEvents:
    """Who hears what happens; each returns at once and works beside."""

    connected: Callable[[FaceClient], None]
    asked: Callable[[discord.Client, discord.Message], None]
    slash: SlashHandler
    emotes: EmoteHandler
    decided: DecisionHandler
    unwanted: DeletionHandler
    deleted: Callable[[set[int]], None]


def use_servers(settings: DiscordSettings) -> None:
    """Point discord.py at the configured servers. They are class attributes: one choice for the whole process."""
    discord.http.Route.BASE = settings.api_url
    discord.Asset.BASE = settings.cdn_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # voice is none of our business


class FaceClient(discord.Client):
    """A client that keeps no caches it does not need, pings nobody and gives up instead of hanging."""

    def __init__(self, events: ChatEvents, pacing: Pacing, *, message_content: bool) -> None:
        super().__init__(
            intents=discord.Intents(
                guilds=True,
                guild_messages=True,
                dm_messages=True,
                emojis_and_stickers=True,
                message_content=message_content,
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=_MAX_RATE_LIMIT_S,
        )
        self.tree = build_tree(
            self, handle=events.slash, emotes=events.emotes, decide=events.decided, delete=events.unwanted
        )
        self.application_emoji: Sequence[discord.Emoji] = ()
        self._events = events
        self._pacing = pacing
        self._patience: asyncio.Timeout | None = None

    @property
    def is_online(self) -> bool:
        """The gateway session is up: questions arrive."""
        return self._patience is not None and self._patience.when() is None

    async def serve(self, token: str) -> None:
        """Log in and listen; raises when the connection is lost for good, or for longer than the limit."""
        try:
            async with asyncio.timeout(self._pacing.offline_limit_s) as self._patience:
                await self.login(token)
                await self.connect()
        finally:
            self._patience = None

    async def shut_down(self) -> None:
        """Close in bounded time, even when Discord does not answer the closing handshake."""
        try:
            async with asyncio.timeout(self._pacing.close_timeout_s):
                await self.close()
        except TimeoutError:
            log.warning("discord_closed_hard")
        finally:
            await self.http.close()  # also when the closing was cut short

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Follow the connection's state before anything else hears of it."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # lost in Python 3.11's wait_for, with which the library connects
            raise asyncio.CancelledError
        if event in {"connect", "resumed"} and self._patience is not None:
            self._patience.reschedule(None)
        elif event == "disconnect":
            if self.ws is None:  # the library would now wait, then die of an AttributeError: it resumes `self.ws`
                raise NeverConnected
            if self.is_online and self._patience is not None:
                limit_s = self._pacing.offline_limit_s
                self._patience.reschedule(asyncio.get_running_loop().time() + limit_s)
        super().dispatch(event, *args, **kwargs)

    async def on_connect(self) -> None:
        """READY has come: the bot knows who it is."""
        self._events.connected(self)

    async def on_message(self, message: discord.Message) -> None:
        """Somebody said something the bot may see."""
        self._events.asked(self, message)

    async def on_raw_message_delete(self, deletion: discord.RawMessageDeleteEvent) -> None:
        """A message is gone."""
        self._events.deleted({deletion.message_id})

    async def on_raw_bulk_message_delete(self, deletion: discord.RawBulkMessageDeleteEvent) -> None:
        """A moderator cleaned up."""
        self._events.deleted(deletion.message_ids)


class Link:
    """Holds the client in force; what posts asks here each time, because a lost connection brings a new client."""

    def __init__(self) -> None:
        self._client: FaceClient | None = None

    @property
    def client(self) -> FaceClient:
        """A client that can post, whether or not the gateway is up; raise NotConnected when there is none."""
        if self._client is None or self._client.user is None or self._client.is_closed():
            raise NotConnected
        return self._client

    @property
    def current(self) -> FaceClient | None:
        """The client in whatever state it is."""
        return self._client

    def emoji_of(self, guild_id: int | None) -> Catalogue:
        """What can be named without markup in a server, or (None) in a direct conversation."""
        if self._client is None:
            return EMPTY
        guild = None if guild_id is None else self._client.get_guild(guild_id)
        return server_emoji(guild, self._client.application_emoji)

    def take(self, client: FaceClient | None) -> None:
        """From now on this one."""
        self._client = client
