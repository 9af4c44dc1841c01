"""What moderators take away in chat takes its faces along: those in work are called off, the others go everywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Protocol

import structlog

from bot.models import FaceRequest, Place, Platform, twitch_scope
from bot.twitch.events import MessageDeleted, MessagesCleared

log = structlog.get_logger(__name__)

BY = "moderators"  # Twitch does not say which
OF_CLEARED_CHAT_S = 3600.0  # older lines have left everybody's screen before


class Requests(Protocol):
    """`bot.face_service.FaceService`, which says what these do."""

    async def asked_as(self, platform: Platform, question_refs: Collection[str]) -> list[FaceRequest]: ...

    async def answered_as(self, platform: Platform, answer_ref: str) -> list[FaceRequest]: ...

    async def asked_in(self, place: Place, since: float, user_id: str | None = None) -> list[FaceRequest]: ...

    async def cancel(self, request_id: str) -> bool: ...


class Hides(Protocol):
    """`bot.stage.stage.Stage`."""

    async def hide(self, request_id: str, by_user_id: str) -> bool: ...


class Moderation:
    """`withdraw` takes an answer out of the line that has not been said yet."""

    def __init__(
        self,
        requests: Requests,
        stage: Hides,
        withdraw: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._requests = requests
        self._stage = stage
        self._withdraw = withdraw
        self._clock = clock

    async def message_deleted(self, deleted: MessageDeleted) -> None:
        """A question, or an answer of the bot."""
        asked = await self._requests.asked_as(Platform.TWITCH, {deleted.message_id})
        answered = await self._requests.answered_as(Platform.TWITCH, deleted.message_id)
        await self._take_away(deleted.channel.id, [*asked, *answered])

    async def messages_cleared(self, cleared: MessagesCleared) -> None:
        """Of somebody who was timed out or banned, everything; of a whole chat, what was to be seen there."""
        place = Place(Platform.TWITCH, twitch_scope(cleared.channel.id))
        since = 0.0 if cleared.author_id is not None else self._clock() - OF_CLEARED_CHAT_S
        await self._take_away(cleared.channel.id, await self._requests.asked_in(place, since, cleared.author_id))

    async def _take_away(self, channel_id: str, requests: list[FaceRequest]) -> None:
        """Cancelled first: what is called off comes to no stage any more."""
        taken = 0
        for request in requests:
            self._withdraw(request.id)
            cancelled = not request.state.is_final and await self._requests.cancel(request.id)
            taken += await self._stage.hide(request.id, BY) or cancelled
        if requests:
            log.info("twitch_faces_taken_away", broadcaster_id=channel_id, requests=len(requests), taken=taken)
