"""Questions that are deleted take their requests with them: waiting ones are called off, answers go where that is
wanted. Answers that should not stay for ever go as well, and what is deleted by hand is gone everywhere."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import groupby
from weakref import WeakValueDictionary

import discord
import structlog
from discord.ext import commands

from bot.discord.feature import Feature
from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Place, delete, may_pass
from bot.discord.progress import WorkingSigns, status_of
from bot.discord.service import Faces
from bot.discord.shared import take_out
from bot.discord.targets import MessageTarget, target_from_json
from bot.models import FaceRequest, Platform
from bot.policy.policy import Policy
from bot.tasks import BoundedTasks

log = structlog.get_logger(__name__)

_BATCH = 100
_LOOKS = 24  # at an answer that is being posted while its question is deleted: two minutes


class Removal:
    """Takes answers away, and notes that they are gone. Of a message with the faces of several requests the others
    stay."""

    def __init__(self, faces: Faces, link: Link, pacing: Pacing) -> None:
        self._faces = faces
        self._link = link
        self._pacing = pacing
        self._alone: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def alone_with(self, message_id: str) -> asyncio.Lock:
        """Held by whoever takes faces out of this message: an edit names those that stay, and two undo each other."""
        return self._alone.setdefault(message_id, asyncio.Lock())

    async def run(self) -> None:
        """Take away what should have gone by now, again and again. What is due is in the store, so that nothing is
        forgotten over a restart."""
        while True:
            await asyncio.sleep(self._pacing.removal_every_s)
            try:
                due = await self._faces.to_remove(Platform.DISCORD, _BATCH)
                for _, together in groupby(due, key=lambda request: request.answer_ref):
                    await self.remove(list(together))
            except Exception:
                log.exception("discord_removal_failed")

    async def remove(self, requests: list[FaceRequest]) -> None:
        """The answers of these, which are in one message. What cannot go now is tried again by the next `run`, what
        never will is forgotten."""
        async with self.alone_with(str(requests[0].answer_ref)):
            if await self._is_over(requests):
                for request in requests:
                    await self._faces.forget_answer(request.id)

    async def _is_over(self, requests: list[FaceRequest]) -> bool:
        """Whether they are gone, or can never be taken away."""
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await self._take_out(requests)
        except NotConnected:
            return False
        except (ValueError, *DISCORD_FAILURES) as error:  # ValueError: of a target of another version
            log.info("discord_answer_not_removed", request_id=requests[0].id, error=type(error).__name__)
            return isinstance(error, ValueError) or not may_pass(error)
        return True

    async def _take_out(self, requests: list[FaceRequest]) -> None:
        message = await self._found(requests[0])
        sharing = await self._faces.answered_as(Platform.DISCORD, str(message.id))
        if {each.id for each in sharing} <= {each.id for each in requests}:
            await message.delete()
        else:
            await take_out(message, {each.id for each in requests})

    async def _found(self, request: FaceRequest) -> discord.Message:
        target = target_from_json(request.reply_target)
        channel = Place(target.channel_id, target.guild_id).channel(self._link.client)
        message_id = int(request.answer_ref or 0)
        if isinstance(target, MessageTarget) and target.in_thread:
            thread = Place(target.message_id, target.guild_id).channel(self._link.client)
            with suppress(discord.NotFound):  # where none could be opened the answer is beside the question
                return await thread.fetch_message(message_id)
        return await channel.fetch_message(message_id)


class TakingBack(Feature):
    """Hears of deleted messages."""

    def __init__(
        self,
        faces: Faces,
        link: Link,
        tasks: BoundedTasks,
        signs: WorkingSigns,
        policy: Policy,
        *,
        removal: Removal,
        pacing: Pacing,
    ) -> None:
        self._faces = faces
        self._link = link
        self._tasks = tasks
        self._signs = signs
        self._policy = policy
        self._removal = removal
        self._pacing = pacing

    @commands.Cog.listener()
    async def on_raw_message_delete(self, deletion: discord.RawMessageDeleteEvent) -> None:
        """A message is gone."""
        self._take_back({deletion.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, deletion: discord.RawBulkMessageDeleteEvent) -> None:
        """A moderator cleaned up."""
        self._take_back(deletion.message_ids)

    def _take_back(self, message_ids: set[int]) -> None:
        self._tasks.start("take_back", self._withdraw_all(message_ids), messages=len(message_ids))

    async def _withdraw_all(self, message_ids: set[int]) -> None:
        for request in await self._faces.asked_as(Platform.DISCORD, {str(each) for each in message_ids}):
            await self._withdraw(request)
        for message_id in message_ids:
            await self._note_gone(message_id)

    async def _note_gone(self, message_id: int) -> None:
        """Somebody deleted an answer by hand: its faces go from the gallery, the stream and the mirror, too."""
        for request in await self._faces.answered_as(Platform.DISCORD, str(message_id)):
            if request.is_for_all:
                await self._faces.forget_answer(request.id)
                log.info("discord_answer_deleted_by_hand", request_id=request.id)

    async def _withdraw(self, request: FaceRequest) -> None:
        if await self._faces.cancel(request.id):
            await self._tidy(request)
            log.info("discord_question_withdrawn", request_id=request.id)
            return
        if not await self._goes_with_question(request):
            return
        answered = await self._answered(request.id)
        if answered is not None and answered.answer_ref is not None:
            await self._removal.remove([answered])

    async def _tidy(self, request: FaceRequest) -> None:
        """No status line stays behind."""
        async with self._signs.silenced(request.id) as sign:
            current = await self._faces.request(request.id) or request
            target = target_from_json(current.reply_target)
            status = (sign.status if sign else None) or status_of(target)
            if status is None:
                return
            try:
                async with asyncio.timeout(self._pacing.request_timeout_s):
                    await delete(self._link.client, status.place, status.message_id)
            except (NotConnected, *DISCORD_FAILURES) as error:
                log.info("discord_status_not_removed", request_id=request.id, error=type(error).__name__)

    async def _goes_with_question(self, request: FaceRequest) -> bool:
        origin = request.origin
        parent_id = self._link.parent_of(int(origin.channel_id))
        here = await self._policy.effective(origin.scope_id, origin.channel_id, parent_id)
        return here.delete_with_question

    async def _answered(self, request_id: str) -> FaceRequest | None:
        """The request in its final state; its answer may be on its way just now."""
        for _ in range(_LOOKS):
            request = await self._faces.request(request_id)
            if request is None or request.state.is_final:
                return request
            await asyncio.sleep(self._pacing.status_every_s)
        return None
