"""The Discord side as one service: connects, stays connected, asks and answers."""

from __future__ import annotations

import asyncio
import math
from random import Random

import aiohttp
import discord
import structlog

from bot.consent import Consent
from bot.discord.asking import Asking
from bot.discord.commands import sync_if_changed
from bot.discord.deleting import Deleting
from bot.discord.delivery import DiscordDeliverer
from bot.discord.emote_answers import EmoteAnswers, KnowsEmotes
from bot.discord.gathering import Gathering
from bot.discord.link import ChatEvents, FaceClient, Link, NeverConnected, use_servers
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.progress import WorkingSigns
from bot.discord.server_commands import Deciding, Decision
from bot.discord.service import Faces
from bot.discord.shown import Showing
from bot.discord.tasks import BoundedTasks
from config.settings import DiscordSettings

log = structlog.get_logger(__name__)

_MAX_HANDLERS = 256
_MAX_SIGNS = 1024
_AUTHENTICATION_FAILED = 4004
_WRONG_FOR_GOOD = {4010, 4011, 4012, 4013}  # https://docs.discord.com/developers/topics/opcodes-and-status-codes


class DiscordBot:
    """Give `deliverer` to the face service, then `run()`.

    Points discord.py's class attributes at the configured servers, so there is one configuration per process.
    """

    def __init__(
        self,
        settings: DiscordSettings,
        service: Faces,
        emotes: KnowsEmotes,
        showing: Showing,
        consent: Consent,
        *,
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
        signs = WorkingSigns(service, self._link, self._sign_tasks, self._pacing)
        gathering = Gathering(showing, consent, self._link, timeout_s=self._pacing.request_timeout_s)
        asking = Asking(
            service,
            self._link,
            self._tasks,
            signs,
            EmoteAnswers(emotes, self._link, self._pacing),
            gathering=gathering,
            prefix=settings.prefix,
            pacing=self._pacing,
        )
        self._deciding = Deciding(consent, self._pacing)
        self._deleting = Deleting(service, self._pacing)
        self._events = ChatEvents(
            connected=self._connected,
            asked=asking.message,
            slash=asking.slash,
            emotes=asking.emotes,
            decided=self._decided,
            unwanted=self._unwanted,
            deleted=asking.deleted,
        )
        self.deliverer = DiscordDeliverer(self._link, signs, self._pacing)
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
        if self.ready:
            return None
        return self._problem or "the connection to Discord was lost, reconnecting"

    @property
    def latency_s(self) -> float | None:
        """The gateway's heartbeat round trip; None before the first."""
        client = self._link.current
        latency_s = math.nan if client is None else client.latency
        return latency_s if math.isfinite(latency_s) else None

    async def run(self) -> None:
        """Serve until cancelled, whatever Discord does."""
        async with self._tasks, self._sign_tasks:
            while True:
                wait_s = await self._serve()
                await asyncio.sleep(wait_s)

    async def _serve(self) -> float:
        """One client's life; returns how many seconds to wait before the next."""
        client = FaceClient(self._events, self._pacing, message_content=self._message_content)
        self._link.take(client)
        try:
            await client.serve(self._token.get_secret_value())
        except Exception as error:  # noqa: BLE001  # whatever ends a client, the next one starts
            return self._learn(error)
        finally:
            self._link.take(None)
            await client.shut_down()
        return self._unreachable("Discord closed the connection")

    def _decided(self, interaction: discord.Interaction, decision: Decision) -> None:
        answer = self._deciding.answer(interaction, decision)
        self._tasks.start("answer_decision", answer, interaction_id=interaction.id)

    def _unwanted(self, interaction: discord.Interaction, message: discord.Message) -> None:
        answer = self._deleting.answer(interaction, message)
        self._tasks.start("delete_face", answer, interaction_id=interaction.id)

    def _connected(self, client: FaceClient) -> None:
        self._failures, self._problem = 0, None
        log.info("discord_connected", guilds=len(client.guilds), message_content=self._message_content)
        self._tasks.start("learn_emoji", self._learn_emoji(client))
        if not self._registered:
            self._tasks.start("register_commands", self._register(client))

    async def _learn_emoji(self, client: FaceClient) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                client.application_emoji = await client.fetch_application_emojis()
        except DISCORD_FAILURES as error:  # again after the next connect; they work as markup all the same
            log.warning("discord_emoji_unknown", error=type(error).__name__)

    async def _register(self, client: FaceClient) -> None:
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
        if not isinstance(error, (NeverConnected, discord.DiscordException, aiohttp.ClientError, OSError)):
            log.error("discord_session_crashed", exc_info=error)
        reason = error.__context__ if isinstance(error, NeverConnected) else error
        return self._unreachable(f"Discord cannot be reached ({type(reason).__name__})")

    def _refused(self, problem: str) -> float:
        self._problem = problem
        log.error("discord_refused", problem=problem, retry_s=self._pacing.refused_retry_s)
        return self._pacing.refused_retry_s

    def _unreachable(self, problem: str) -> float:
        self._failures += 1
        self._problem = problem
        retry_s = self._pacing.retry_s(self._failures, self._random)
        log.warning("discord_unreachable", problem=problem, failures=self._failures, retry_s=round(retry_s, 1))
        return retry_s
