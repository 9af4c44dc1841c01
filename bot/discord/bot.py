"""The Discord side as one service: connects, stays connected, asks and answers."""

from __future__ import annotations

import asyncio
import math
from functools import partial
from pathlib import Path
from random import Random

import aiohttp
import discord
import structlog

from bot.discord.admin.log_channel import LogChannel
from bot.discord.buttons.emoji_delivery import EmojiDeliverer
from bot.discord.client import FaceBot, NeverConnected, NoSessionsLeft
from bot.discord.commands import sync_if_changed
from bot.discord.delivery import DiscordDeliverer
from bot.discord.directory import DiscordDirectory
from bot.discord.fallback import Fallback
from bot.discord.features import Services, Surface, build_features
from bot.discord.gate import Gate
from bot.discord.guessing.board import DiscordBoard
from bot.discord.guessing.delivery import RiddleDeliverer
from bot.discord.identifying import IdentifyTurns
from bot.discord.link import Link, use_servers
from bot.discord.mirroring.work import MirrorWork
from bot.discord.operating.work import OperatorWork
from bot.discord.outbox import Outbox
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.presence import Presence
from bot.discord.progress import WorkingSigns
from bot.discord.reach import Reach
from bot.discord.sharding import ShardRange
from bot.discord.taking_back import Removal
from bot.discord.words import Words
from bot.guessing.rounds import Rounds
from bot.models import Platform
from bot.tasks import BoundedTasks
from config.settings import DiscordSettings

log = structlog.get_logger(__name__)

_MAX_HANDLERS = 1024
_MAX_SIGNS = 1024
_ASK_AGAIN_S = 3600.0  # when Discord says tomorrow
_AUTHENTICATION_FAILED = 4004
_WRONG_FOR_GOOD = {4010, 4011, 4012, 4013}  # https://docs.discord.com/developers/topics/opcodes-and-status-codes


class DiscordBot:
    """Give `deliverer` to the face service, then `run()`.

    Processes with different shards and one `data_dir` take turns at starting sessions.
    Points discord.py's class attributes at the configured servers, so there is one configuration per process.
    """

    def __init__(
        self,
        settings: DiscordSettings,
        services: Services,
        *,
        data_dir: Path | None = None,
        pacing: Pacing | None = None,
        random: Random | None = None,
    ) -> None:
        if settings.token is None:
            raise ValueError("the Discord bot needs a token")
        use_servers(settings)
        self._token = settings.token
        self._pacing = pacing or Pacing()
        self._random = random or Random()
        self._tasks = BoundedTasks(_MAX_HANDLERS)
        self._sign_tasks = BoundedTasks(_MAX_SIGNS)
        self._link = Link()
        words, self.outbox = Words(self._link, self._pacing), Outbox(self._pacing)
        reach = Reach(self._link, words, partial(_log_channel, services), links=services.public_url is not None)
        LogChannel(services.policy, self._link, words, self._tasks)
        signs = WorkingSigns(
            services.faces, self._link, self._sign_tasks, self._pacing, outbox=self.outbox, reach=reach
        )
        self.directory = DiscordDirectory(self._link, services.servers, services.emotes)
        self._removal = Removal(services.faces, self._link, self._pacing)
        surface = Surface(
            self._link, self._tasks, signs, words, reach, self._removal, self._pacing, random=self._random
        )
        self._features = partial(build_features, settings, services, surface)
        fallback = Fallback(services.public_url)
        answers = DiscordDeliverer(self._link, signs, self._pacing, outbox=self.outbox, reach=reach, fallback=fallback)
        faces = EmojiDeliverer(answers, self._link, signs, self._pacing)
        self._shards = ShardRange.of(settings)
        board = DiscordBoard(services.faces, self._link, self._pacing)
        self._rounds = Rounds(services.game, board, Platform.DISCORD, owns=self._shards.owns)
        self.deliverer = RiddleDeliverer(faces, services.game, self._rounds.play, self._link, self._pacing)
        self._work = OperatorWork(
            services.desk, services.faces, services.cache, self._link, self._pacing, shards=self._shards
        )
        self._mirror_work: MirrorWork | None = None
        if services.mirror is not None:
            self._mirror_work = MirrorWork(
                services.mirror,
                services.faces,
                self._link,
                self._pacing,
                outbox=self.outbox,
                reach=reach,
                shards=self._shards,
            )
        self._turns = IdentifyTurns(data_dir, every_s=self._pacing.identify_every_s)
        self._gate = Gate(self._random, spread_s=self._pacing.spread_s, share=self._shards.share)
        self._presence = Presence(self._link, services.outlook, self._pacing)
        self._message_content = True
        self._registered = False
        self._failures = 0
        self._problem: str | None = "not connected yet"

    @property
    def ready(self) -> bool:
        """Questions are heard."""
        client = self._link.current
        return client is not None and client.is_online

    @property
    def problem(self) -> str | None:
        """Why it is not ready, in words without secrets; None when it is."""
        if paused_s := self._gate.paused_s:
            return f"Discord refuses this address for {math.ceil(paused_s)} s more"
        if self.ready:
            return None
        client = self._link.current
        if client is not None and client.shards_up:
            return f"{len(client.shards_up)} of {len(client.shards_wanted)} shards are connected"
        return self._problem or "the connection to Discord was lost, reconnecting"

    @property
    def latency_s(self) -> float | None:
        """The gateway's heartbeat round trip; None before the first."""
        client = self._link.current
        latency_s = math.nan if client is None else client.latency
        return latency_s if math.isfinite(latency_s) else None

    async def run(self) -> None:
        """Serve until cancelled, whatever Discord does."""
        async with self._tasks, self._sign_tasks, self._rounds:
            self._tasks.start("keep_presence", self._presence.keep())
            self._tasks.start("remove_answers", self._removal.run())
            self._tasks.start("do_operator_tasks", self._work.run())
            if self._mirror_work is not None:
                self._tasks.start("mirror_faces", self._mirror_work.run())
            while True:
                wait_s = await self._serve()
                await asyncio.sleep(wait_s)

    async def _serve(self) -> float:
        """One client's life; returns how many seconds to wait before the next."""
        client = FaceBot(
            self._features(),
            self._pacing,
            shards=self._shards,
            turns=self._turns,
            gate=self._gate,
            message_content=self._message_content,
            connected=self._connected,
        )
        self._link.take(client)
        try:
            await client.serve(self._token.get_secret_value())
        except Exception as error:  # noqa: BLE001  # whatever ends a client, the next one starts
            return self._learn(error)
        finally:
            self._link.take(None)
            await client.shut_down()
        return self._unreachable("Discord closed the connection")

    def _connected(self, client: FaceBot) -> None:
        self._failures, self._problem = 0, None
        self._tasks.start("learn_emoji", self._learn_emoji(client))
        self._tasks.start("resume_rounds", self._rounds.resume())
        if self._shards.is_first and not self._registered:
            self._tasks.start("register_commands", self._register(client))

    async def _learn_emoji(self, client: FaceBot) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                client.application_emoji = await client.fetch_application_emojis()
        except DISCORD_FAILURES as error:  # again after the next connect; they work as markup all the same
            log.warning("discord_emoji_unknown", error=type(error).__name__)

    async def _register(self, client: FaceBot) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await sync_if_changed(client.tree, client.application_id or 0)
            self._registered = True
        except (discord.app_commands.AppCommandError, *DISCORD_FAILURES) as error:  # again after the next connect
            log.warning("discord_commands_not_registered", error=type(error).__name__)

    def _learn(self, error: Exception) -> float:
        if isinstance(error, discord.PrivilegedIntentsRequired) and self._message_content:
            self._message_content = False
            log.warning("discord_message_content_refused", effect="mention and /face work, the prefix does not")
            return 0.0
        code = error.code if isinstance(error, discord.ConnectionClosed) else None
        if isinstance(error, discord.LoginFailure) or code == _AUTHENTICATION_FAILED:
            return self._refused("Discord refuses the token; get a new one under Bot, Reset Token")
        if isinstance(error, discord.PrivilegedIntentsRequired) or code in _WRONG_FOR_GOOD:
            return self._refused(f"Discord refuses this kind of session (close code {code or 4014})")
        if isinstance(error, NoSessionsLeft):
            return self._refused("Discord allows no more sessions today", min(error.reset_after_s, _ASK_AGAIN_S))
        if not isinstance(error, (NeverConnected, discord.DiscordException, aiohttp.ClientError, OSError)):
            log.error("discord_session_crashed", exc_info=error)
        reason = error.__context__ if isinstance(error, NeverConnected) else error
        return self._unreachable(f"Discord cannot be reached ({type(reason).__name__})")

    def _refused(self, problem: str, retry_s: float | None = None) -> float:
        self._problem = problem
        retry_s = self._pacing.refused_retry_s if retry_s is None else retry_s
        log.error("discord_refused", problem=problem, retry_s=retry_s)
        return retry_s

    def _unreachable(self, problem: str) -> float:
        self._failures += 1
        self._problem = problem
        retry_s = self._pacing.retry_s(self._failures, self._random)
        log.warning("discord_unreachable", problem=problem, failures=self._failures, retry_s=round(retry_s, 1))
        return retry_s


async def _log_channel(services: Services, guild_id: int) -> int | None:
    chosen = (await services.policy.effective(str(guild_id))).log_channel_id
    return None if chosen is None else int(chosen)
