"""One login at Discord with its shards: from a token to features that hear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands

from bot.discord.feature import Feature, equip
from bot.discord.gate import Gate
from bot.discord.heartbeats import end_heartbeats
from bot.discord.identifying import IdentifyTurns
from bot.discord.pacing import Pacing
from bot.discord.sharding import ShardRange

log = structlog.get_logger(__name__)

_MAX_RATE_LIMIT_S = 30.0  # a longer pause becomes an error here, and the answer is tried again later


class NeverConnected(Exception):
    """The first connection to the gateway failed; the context says how."""


class NoSessionsLeft(Exception):
    """Discord allows so many new sessions a day, and resets the token of a bot that starts more."""

    def __init__(self, reset_after_s: float) -> None:
        super().__init__(f"no sessions left for {reset_after_s:.0f} s")
        self.reset_after_s = reset_after_s


class FaceBot(commands.AutoShardedBot):
    """A bot that keeps no caches it does not need, pings nobody and gives up instead of hanging.

    It lives for one login; a connection lost for good brings a new one with new features.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        pacing: Pacing,
        *,
        shards: ShardRange,
        turns: IdentifyTurns,
        gate: Gate,
        message_content: bool,
        connected: Callable[[FaceBot], None],
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,  # not used: text has a grammar of its own, see `on_message`
            help_command=None,
            intents=discord.Intents(
                guilds=True,
                guild_messages=True,
                guild_reactions=True,
                dm_messages=True,
                emojis_and_stickers=True,
                message_content=message_content,
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=_MAX_RATE_LIMIT_S,
            http_trace=gate.trace(self._release_global),
            shard_count=shards.count,
            guild_ready_timeout=pacing.guilds_settle_s,
        )
        self.shard_ids = list(shards.ids) or None
        self.application_emoji: Sequence[discord.Emoji] = ()
        self._features = features
        self._pacing = pacing
        self._turns = turns
        self._on_connected = connected
        self._patience: asyncio.Timeout | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._launched: set[int] = set()
        self._up: set[int] = set()
        self.sessions = 0
        """How many were started; a resumed one is the same."""

    @property
    def shards_up(self) -> Collection[int]:
        """The shards whose questions arrive."""
        return self._up

    @property
    def shards_wanted(self) -> Collection[int]:
        """The shards of this process; empty until Discord has said how many there are."""
        return self.shard_ids or range(self.shard_count or 0)

    @property
    def is_online(self) -> bool:
        """All sessions at the gateway are up: questions arrive, whichever server they are from."""
        return self._patience is not None and bool(self._up) and len(self._up) == len(self.shards_wanted)

    async def setup_hook(self) -> None:
        """Logged in, not connected yet: the features get their commands and events."""
        await self._ask_about_sessions()
        await equip(self, self._features)

    def _release_global(self) -> None:
        self.http._global_over.set()

    async def _ask_about_sessions(self) -> None:
        """The library would ask for the number of shards alone, and then connect where Discord says.

        With the number known before, it connects to the configured gateway.
        """
        advised, _, limits = await self.http.get_bot_gateway()
        self.shard_count = self.shard_count or advised
        self._turns.max_concurrency = max(1, limits["max_concurrency"])
        if limits["remaining"] < len(self.shards_wanted):
            raise NoSessionsLeft(limits["reset_after"] / 1000)

    async def serve(self, token: str) -> None:
        """Log in and listen; raises when the connection is lost for good, or for longer than the limit."""
        try:
            async with asyncio.timeout(self._pacing.offline_limit_s) as self._patience:
                await self.login(token)
                # a task of its own, because the library's loop swallows cancellations while it reconnects a shard
                self._connecting = asyncio.create_task(self.connect())
                await asyncio.wait([self._connecting])
                self._connecting.result()
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
            while self._connecting is not None and not self._connecting.done():
                self._connecting.cancel()
                await asyncio.wait([self._connecting], timeout=0.1)
            await end_heartbeats(self, timeout_s=self._pacing.close_timeout_s)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Raise NeverConnected when not even one shard gets to the gateway: the library would try again for ever."""
        if shard_id in self._launched and not self._up:
            raise NeverConnected
        self._launched.add(shard_id)
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord allows so many new sessions at once; other processes may start theirs."""
        await self._turns.wait(shard_id or 0)
        self._be_patient()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Follow the shards' states before anything else hears of them."""
        self.sessions += event == "shard_connect"
        if event in {"shard_connect", "shard_resumed"}:
            self._up.add(args[0])
            self._be_patient()
        elif event == "shard_disconnect" and args[0] in self._up:
            self._up.discard(args[0])
            self._be_patient()
        super().dispatch(event, *args, **kwargs)

    def _be_patient(self) -> None:
        """Everything up: no limit. A start afresh costs the shards that work, so these buy time for the others."""
        if self._patience is None:
            return
        if len(self._up) == len(self.shards_wanted):
            self._patience.reschedule(None)
            return
        limit_s = self._pacing.part_offline_limit_s if self._up else self._pacing.offline_limit_s
        self._patience.reschedule(asyncio.get_running_loop().time() + limit_s)

    async def on_message(self, message: discord.Message, /) -> None:
        """Not a text command in the library's sense: the features listen for themselves."""

    async def on_shard_connect(self, shard_id: int) -> None:
        """READY has come: the bot knows who it is."""
        log.info("discord_connected", shard_id=shard_id, shard_count=self.shard_count, guilds=len(self.guilds))
        self._on_connected(self)
