"""The connection to Discord: one logged-in bot at a time, and the library pointed at the configured servers."""

from __future__ import annotations

import discord
from yarl import URL

from bot.discord.client import FaceBot
from bot.discord.server_emoji import server_emoji
from bot.emotes.catalogue import EMPTY, Catalogue
from config.settings import DiscordSettings


class NotConnected(Exception):
    """There is no logged-in client just now."""


def use_servers(settings: DiscordSettings) -> None:
    """Point discord.py at the configured servers. They are class attributes: one choice for the whole process."""
    discord.http.Route.BASE = settings.api_url
    discord.Asset.BASE = settings.cdn_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.gateway_url)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # voice is none of our business


class Link:
    """Holds the client in force; what posts asks here each time, because a lost connection brings a new client."""

    def __init__(self) -> None:
        self._client: FaceBot | None = None

    @property
    def client(self) -> FaceBot:
        """A client that can post, whether or not the gateway is up; raise NotConnected when there is none."""
        if self._client is None or self._client.user is None or self._client.is_closed():
            raise NotConnected
        return self._client

    @property
    def current(self) -> FaceBot | None:
        """The client in whatever state it is."""
        return self._client

    @property
    def own_id(self) -> int | None:
        """The bot's user id; None before the first login."""
        return None if self._client is None or self._client.user is None else self._client.user.id

    def emoji_of(self, guild_id: int | None) -> Catalogue:
        """What can be named without markup in a server, or (None) in a direct conversation."""
        if self._client is None:
            return EMPTY
        guild = None if guild_id is None else self._client.get_guild(guild_id)
        return server_emoji(guild, self._client.application_emoji)

    def parent_of(self, channel_id: int) -> str | None:
        """The channel that a thread belongs to; None for what is no thread, as far as is known."""
        channel = None if self._client is None else self._client.get_channel(channel_id)
        return str(channel.parent_id) if isinstance(channel, discord.Thread) else None

    def take(self, client: FaceBot | None) -> None:
        """From now on this one."""
        self._client = client
