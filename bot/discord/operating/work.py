"""Does what operators decided and only a running bot can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import discord
import structlog

from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, may_pass, nonce_of, post
from bot.discord.service import Faces
from bot.discord.sharding import ShardRange
from bot.errors import FaceError
from bot.forgetting import ForgetsFaces
from bot.models import Origin, Platform
from bot.operating.desk import OperatorDesk
from bot.policy.settings import EVERYWHERE
from bot.store.operator_tasks import OperatorTask, TaskKind, TaskState

log = structlog.get_logger(__name__)

CLAIM_S = 60.0  # a task of a process that died is taken up again after this
_ATTEMPTS = 5


class OperatorWork:
    """One task at a time, with a pause after each: a broadcast is no flood. What is open lies in the store, so that
    nothing is forgotten over a restart; the nonce of a message keeps it from being posted twice."""

    def __init__(
        self,
        desk: OperatorDesk,
        faces: Faces,
        cache: ForgetsFaces,
        link: Link,
        pacing: Pacing,
        *,
        shards: ShardRange,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._faces = faces
        self._cache = cache
        self._link = link
        self._pacing = pacing
        self._shards = shards
        self._clock = clock
        self._seen: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._pacing.operator_every_s)
            try:
                await self._forget_taken_down()
                await self._do_next()
            except Exception:
                log.exception("operator_work_failed")

    async def _forget_taken_down(self) -> None:
        """Every process has a cache of its own; at the start it is empty."""
        if self._seen is None:
            self._seen = await self._desk.reports.last_takedown()
        for number, key in await self._desk.reports.taken_down_since(self._seen):
            self._cache.forget(key)
            self._seen = number

    async def _do_next(self) -> None:
        client = self._link.current
        if client is None or not client.is_online or not client.is_ready():  # ready: it knows its servers
            return
        now = self._clock()
        task = await self._desk.tasks.claim(now, now + CLAIM_S, self._owns)
        if task is None:
            return
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                outcome = await self._done(task)
        except (NotConnected, FaceError, *DISCORD_FAILURES) as error:
            log.info("operator_task_failed", task_id=task.id, kind=task.kind, error=type(error).__name__)
            again = isinstance(error, NotConnected) or (not isinstance(error, FaceError) and may_pass(error))
            if not again or task.attempts >= _ATTEMPTS:
                await self._desk.tasks.end(task.id, TaskState.FAILED, type(error).__name__)
            return
        await self._desk.tasks.end(task.id, TaskState.DONE if outcome is None else TaskState.FAILED, outcome or "")
        log.info("operator_task_done", task_id=task.id, kind=task.kind, outcome=outcome)

    def _owns(self, scope_id: str) -> bool:
        return scope_id == EVERYWHERE or self._shards.owns(Origin(Platform.DISCORD, scope_id, "", ""))

    async def _done(self, task: OperatorTask) -> str | None:
        """None, or why it cannot be done."""
        match task.kind:
            case TaskKind.LEAVE:
                return await self._leave(int(task.scope_id))
            case TaskKind.TELL:
                return await self._tell(task)
            case TaskKind.BLOCK:
                return await self._block(task)

    async def _leave(self, guild_id: int) -> str | None:
        guild = self._link.client.get_guild(guild_id)
        if guild is None:
            return "not in this server"
        await guild.leave()
        return None

    async def _tell(self, task: OperatorTask) -> str | None:
        """In the channel that the admins chose for notices, else where Discord puts its own."""
        client = self._link.client
        guild = client.get_guild(int(task.scope_id))
        if guild is None:
            return "not in this server"
        chosen = (await self._desk.policy.effective(task.scope_id)).log_channel_id
        channel_id = int(chosen) if chosen else guild.system_channel.id if guild.system_channel else None
        if channel_id is None:
            return "no channel"
        words = discord.utils.escape_mentions(str(task.detail["words"]))
        await post(client, Place(channel_id, guild.id), Content(words), nonce_of(task.id))
        return None

    async def _block(self, task: OperatorTask) -> str | None:
        request = await self._faces.request(str(task.detail["request_id"]))
        if request is None:
            return "forgotten"
        await self._faces.block(request.emotes, EVERYWHERE, task.by_user_id)
        return None
