"""Signs that the bot is at work: typing at once, a status line when it takes longer, silence before the answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import discord
import structlog

from bot.discord.link import Link, NotConnected
from bot.discord.outbox import Outbox
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, edit, edit_original, may_pass, nonce_of, post
from bot.discord.reach import Reach
from bot.discord.service import Faces
from bot.discord.targets import InteractionTarget, MessageTarget, Target
from bot.discord.threads import place_of
from bot.models import Progress, RequestState
from bot.replies import status_line
from bot.tasks import BoundedTasks
from bot.texts import say

log = structlog.get_logger(__name__)

_WAITING = {RequestState.ACCEPTED, RequestState.QUEUED}


@dataclass(frozen=True, slots=True)
class Status:
    """A status message: what the answer is edited into."""

    place: Place
    message_id: int


def status_of(target: Target) -> Status | None:
    """As it was remembered."""
    if isinstance(target, InteractionTarget) or target.status_id is None:
        return None
    return Status(Place(target.status_channel_id or target.channel_id, target.guild_id), target.status_id)


@dataclass(slots=True)
class Sign:
    """What shows that one request is worked on. While it is `in_doubt`, a status message may be there or come yet."""

    request_id: str
    target: Target
    locale: str
    task: asyncio.Task[None] | None = None
    status: Status | None = None
    in_doubt: bool = False
    has_line: bool = False
    forbidden: bool = False


class WorkingSigns:
    """One sign per request that waits.

    The status message and the answer share one nonce: whichever of the two is posted first is *the* message of the
    request, and the other becomes an edit of it, even across a crash. Still the deliverer silences a request's sign
    before it answers, so that no status line overwrites a picture. Only a few status lines at a time are in one
    channel, so that their edits leave room for the answers'; for the others the bot is typing.
    """

    def __init__(
        self, service: Faces, link: Link, tasks: BoundedTasks, pacing: Pacing, *, outbox: Outbox, reach: Reach
    ) -> None:
        self._service = service
        self._link = link
        self._tasks = tasks
        self._pacing = pacing
        self._outbox = outbox
        self._reach = reach
        self._signs: dict[str, Sign] = {}
        self._lines = Counter[int]()
        self._delivering: set[str] = set()

    def start(self, request_id: str, target: Target, locale: str) -> None:
        """Show that the request is worked on, until it is silenced or finished."""
        if request_id in self._delivering:
            return
        sign = self._signs[request_id] = Sign(request_id, target, locale)
        sign.task = self._tasks.start("show_sign", self._show(sign), request_id=request_id)
        if sign.task is None:
            del self._signs[request_id]
        else:
            sign.task.add_done_callback(lambda _: self._ended(sign))

    @asynccontextmanager
    async def silenced(self, request_id: str) -> AsyncIterator[Sign | None]:
        """No sign of this request moves inside; gives the one that this process has shown, if any."""
        self._delivering.add(request_id)
        try:
            sign = self._signs.get(request_id)
            if sign is not None and sign.task is not None:
                sign.task.cancel()
                await asyncio.wait([sign.task])
            yield sign
        finally:
            self._delivering.discard(request_id)

    def _ended(self, sign: Sign) -> None:
        del self._signs[sign.request_id]
        self._give_back_line(sign)

    async def _show(self, sign: Sign) -> None:
        if isinstance(sign.target, MessageTarget) and not await self._waits(sign):
            return  # of a deferred command there is nothing to show yet
        clock = asyncio.get_running_loop().time
        due_at = clock() + self._pacing.status_after_s
        await self._quietly(self._type(sign.target), sign)
        await asyncio.sleep(max(0.0, due_at - clock()))
        shown = ""
        while not sign.forbidden and (progress := await self._waits(sign)):
            line = say(status_line(progress), sign.locale)
            if line != shown and self._may_say(sign):
                await self._quietly(self._say(sign, line), sign)
                shown = line
            elif sign.status is None and self._is_first(sign):
                await self._quietly(self._type(sign.target), sign)
            await asyncio.sleep(self._pacing.status_every_s)

    async def _quietly(self, showing: Coroutine[Any, Any, None], sign: Sign) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await showing
        except (NotConnected, *DISCORD_FAILURES) as error:
            sign.forbidden = isinstance(error, discord.Forbidden)
            log.info("discord_sign_failed", request_id=sign.request_id, error=type(error).__name__)

    async def _waits(self, sign: Sign) -> Progress | None:
        progress = await self._service.progress(sign.request_id)
        return progress if progress is not None and progress.state in _WAITING else None

    async def _type(self, target: Target) -> None:
        """A deferred command already says "… is thinking"."""
        if isinstance(target, MessageTarget) and not self._reach.is_paused(target.channel_id):
            await Place(target.channel_id, target.guild_id).channel(self._link.client).typing()

    def _may_say(self, sign: Sign) -> bool:
        """Whether it has a status line, or takes one because there is room for one more in the channel now."""
        channel_id = sign.target.channel_id
        if isinstance(sign.target, InteractionTarget):
            return True
        if not sign.has_line and self._lines[channel_id] < self._pacing.channel_statuses:
            sign.has_line = not self._reach.is_paused(channel_id) and self._outbox.take(channel_id)
            self._lines[channel_id] += sign.has_line
        return sign.has_line

    def _give_back_line(self, sign: Sign) -> None:
        self._lines[sign.target.channel_id] -= sign.has_line
        self._lines += Counter()  # keeps no empty counters
        sign.has_line = False

    def _is_first(self, sign: Sign) -> bool:
        """Of those in the channel without a status line: one that is typing is enough."""
        channel_id = sign.target.channel_id
        waiting = (each for each in self._signs.values() if each.target.channel_id == channel_id and not each.status)
        return next(waiting) is sign

    async def _say(self, sign: Sign, line: str) -> None:
        client, target = self._link.client, sign.target
        words = Content(line, cancels=sign.request_id, locale=sign.locale)
        if isinstance(target, InteractionTarget):
            await edit_original(client, target, words)
        elif sign.status is not None:
            await edit(client, sign.status.place, sign.status.message_id, words)
        else:
            await self._post(sign, target, words)

    async def _post(self, sign: Sign, target: MessageTarget, words: Content) -> None:
        place = await place_of(self._link.client, target, sign.locale)
        sign.in_doubt = True
        try:
            message = await post(self._link.client, place, words, nonce_of(sign.request_id))
        except discord.HTTPException as error:
            sign.in_doubt = may_pass(error)
            self._give_back_line(sign)
            raise
        sign.status, sign.in_doubt = Status(place, message.id), False
        posted = replace(target, status_id=message.id, status_channel_id=place.channel_id)
        await self._service.remember(sign.request_id, posted.to_json())
