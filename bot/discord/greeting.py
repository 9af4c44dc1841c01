"""A first message in a server that added the bot, and the record of where the bot is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import discord
import structlog
from discord.ext import commands

from bot.discord.feature import Feature
from bot.discord.invite import invite_url, missing_in
from bot.discord.link import Link
from bot.discord.locales import of_server
from bot.discord.posting import Place
from bot.discord.words import Words
from bot.models import Origin, Platform
from bot.replies import permission_names
from bot.store.servers import Servers
from bot.tasks import BoundedTasks
from bot.texts import Text, Value, joined

log = structlog.get_logger(__name__)

_NEW_S = 86_400.0  # who added the bot while it was away is greeted within a day; later it would come out of the blue


class Greeting(Feature):
    """Says hello once for each time the bot is added, however often Discord repeats that it was."""

    def __init__(
        self,
        servers: Servers,
        link: Link,
        words: Words,
        tasks: BoundedTasks,
        *,
        owns: Callable[[Origin], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._servers = servers
        self._link = link
        self._words = words
        self._tasks = tasks
        self._owns = owns
        self._clock = clock

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Added just now, or unavailable until now."""
        self._tasks.start("greet", self._welcome([guild]), guild_id=guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Removed, or the server is gone."""
        self._tasks.start("note_leaving", self._servers.left([str(guild.id)], self._clock()), guild_id=guild.id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """All servers are known: some may have come or gone while nobody looked."""
        self._tasks.start("compare_servers", self._compare(self._link.client.guilds))

    async def _compare(self, guilds: Sequence[discord.Guild]) -> None:
        here, known = {str(guild.id): guild for guild in guilds}, await self._servers.present()
        gone = [scope_id for scope_id in known - here.keys() if self._owns(_origin_in(scope_id))]
        await self._servers.left(gone, self._clock())
        unknown = [guild for scope_id, guild in here.items() if scope_id not in known]
        await self._welcome([guild for guild in unknown if self._is_new(guild)])
        old = [str(guild.id) for guild in unknown if not self._is_new(guild)]
        await self._servers.joined(old, self._clock(), greeted=True)
        log.info("discord_servers_compared", here=len(here), new=len(unknown), gone=len(gone))

    def _is_new(self, guild: discord.Guild) -> bool:
        joined_at = guild.me.joined_at
        return joined_at is not None and joined_at.timestamp() > self._clock() - _NEW_S

    async def _welcome(self, guilds: Sequence[discord.Guild]) -> None:
        await self._servers.joined([str(guild.id) for guild in guilds], self._clock())
        for guild in guilds:
            channel = channel_for_greeting(guild)
            if channel is not None and await self._servers.claim_greeting(str(guild.id)):
                client_id = self._link.client.application_id or 0
                await self._words.reply(Place(channel.id, guild.id), greeting(guild, client_id), of_server(guild))
                log.info("discord_server_greeted", guild_id=guild.id, channel_id=channel.id)


def channel_for_greeting(guild: discord.Guild) -> discord.TextChannel | None:
    """Where Discord itself announces newcomers, else the first channel one sees; None where the bot may not speak."""
    system = [guild.system_channel] if guild.system_channel is not None else []
    for channel in (*system, *guild.text_channels):
        may = channel.permissions_for(guild.me)
        if may.view_channel and may.send_messages:
            return channel
    return None


def greeting(guild: discord.Guild, client_id: int) -> Text:
    """Three steps, and what keeps some of it from working."""
    lines: list[Value] = [
        Text("Hello! I make almost-real human faces from emotes."),
        Text("1. Try it: `/face`, with an emote, a picture or nothing at all."),
        Text("2. Admins decide what works here: type `/emoteface` to see what can be set."),
        Text("3. Is a streamer at home here? `/emoteface settings` makes the channel's emotes work."),
    ]
    if missing := missing_in(guild):
        lines.append(
            Text(
                "I lack some permissions: {permissions}. An admin can give them to me here: {link}",
                {"permissions": permission_names(missing), "link": f"<{invite_url(client_id, guild=guild)}>"},
            )
        )
    return joined(lines, between="\n")


def _origin_in(scope_id: str) -> Origin:
    return Origin(Platform.DISCORD, scope_id, "", "")
