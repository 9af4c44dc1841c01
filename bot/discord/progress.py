"""Signs that the bot is at work: typing at once, a status line when it takes longer, silence before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, edit, edit_original, nonce_of, post
from bot.discord.service import Faces
from bot.discord.targets import InteractionTarget, MessageTarget, Target
from bot.discord.tasks import BoundedTasks
from bot.models import Progress, RequestState
from bot.replies import status_line

log = structlog.get_logger(__name__)

_WAITING = {RequestState.ACCEPTED, RequestState.QUEUED}


@dataclass(slots=True)
class Sign:
    """What shows that one request is worked on."""

    request_id: str
    target: Target
    task: asyncio.Task[None] | None = None
    status_id: int | None = None


class WorkingSigns:
    """One sign per request that waits.

    The status message and the answer share one nonce: whichever of the two is posted first is *the* message of the
    request, and the other becomes an edit of it, even across a crash. Still the deliverer silences a request's sign
    before it answers, so that no status line overwrites a picture.
    """

    def __init__(self, service: Faces, link: Link, tasks: BoundedTasks, pacing: Pacing) -> None:
        self._service = service
        self._link = link
        self._tasks = tasks
        self._pacing = pacing
        self._signs: dict[str, Sign] = {}
        self._delivering: set[str] = set()

    def start(self, request_id: str, target: Target) -> None:
        """Show that the request is worked on, until it is silenced or finished."""
        if request_id in self._delivering:
            return
        sign = self._signs[request_id] = Sign(request_id, target)
        sign.task = self._tasks.start("show_sign", self._show(sign), request_id=request_id)
        if sign.task is None:
            del self._signs[request_id]
        else:
            sign.task.add_done_callback(lambda _: self._signs.pop(request_id))

    def asked_by(self, message_ids: set[int]) -> list[Sign]:
        """The signs of the waiting requests that these messages made."""
        return [
            sign
            for sign in self._signs.values()
            if isinstance(sign.target, MessageTarget) and sign.target.message_id in message_ids
        ]

    @asynccontextmanager
    async def silenced(self, request_id: str) -> AsyncIterator[int | None]:
        """No sign of this request inside; gives the id of its status message, if this process posted one."""
        self._delivering.add(request_id)
        try:
            sign = self._signs.get(request_id)
            if sign is not None and sign.task is not None:
                sign.task.cancel()
                await asyncio.wait([sign.task])
            yield sign.status_id if sign is not None else None
        finally:
            self._delivering.discard(request_id)

    async def _show(self, sign: Sign) -> None:
        """Lives as long as the request waits, also where nothing may be shown: a deleted question is found by it."""
        if not await self._waits(sign):
            return
        clock = asyncio.get_running_loop().time
        due_at = clock() + self._pacing.status_after_s
        await self._quietly(self._type(sign.target), sign)
        await asyncio.sleep(max(0.0, due_at - clock()))
        shown = ""
        while progress := await self._waits(sign):
            line = status_line(progress)
            if line != shown:
                await self._quietly(self._say(sign, line), sign)
                shown = line
            await asyncio.sleep(self._pacing.status_every_s)

    async def _quietly(self, showing: Coroutine[Any, Any, None], sign: Sign) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await showing
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_sign_failed", request_id=sign.request_id, error=type(error).__name__)

    async def _waits(self, sign: Sign) -> Progress | None:
        progress = await self._service.progress(sign.request_id)
        return progress if progress is not None and progress.state in _WAITING else None

    async def _type(self, target: Target) -> None:
        if isinstance(target, MessageTarget):  # a deferred slash command already says "… is thinking"
            await Place(target.channel_id, target.guild_id).channel(self._link.client).typing()

    async def _say(self, sign: Sign, line: str) -> None:
        client, target, words = self._link.client, sign.target, Content(line)
        if isinstance(target, InteractionTarget):
            await edit_original(client, target, words)
            return
        place = Place(target.channel_id, target.guild_id, target.message_id)
        if sign.status_id is not None:
            await edit(client, place, sign.status_id, words)
            return
        sign.status_id = (await post(client, place, words, nonce_of(sign.request_id))).id
        await self._service.remember(sign.request_id, replace(target, status_id=sign.status_id).to_json())
