"""Short answers in words: refusals, help, what moderators hear. They share the line with the faces."""

from __future__ import annotations

import structlog

from bot.tasks import BoundedTasks
from bot.texts import Text
from bot.twitch.chat_line import ChatLine
from bot.twitch.merging import Parcel
from bot.twitch.outbox import Outbox
from bot.twitch.words import plain

log = structlog.get_logger(__name__)


class Replies:
    """One at a time for a person in a channel: who asks again before that has been told once."""

    def __init__(self, outbox: Outbox, tasks: BoundedTasks) -> None:
        self._outbox = outbox
        self._tasks = tasks
        self._waiting: set[tuple[str, str]] = set()

    def reply(self, line: ChatLine, words: Text, locale: str) -> None:
        """In its thread, soon."""
        parcel = Parcel(f"words:{line.id}", line.broadcaster_id, plain(words, locale), line.user_name, line.id)
        self._tasks.start("twitch_reply", self._post(parcel, (line.broadcaster_id, line.user_id)), message_id=line.id)

    def announce(self, key: str, broadcaster_id: str, words: Text, locale: str) -> None:
        """To everybody there, soon; the same key is said once."""
        parcel = Parcel(key, broadcaster_id, plain(words, locale))
        self._tasks.start("twitch_announcement", self._post(parcel, (broadcaster_id, key)))

    async def _post(self, parcel: Parcel, whose: tuple[str, str]) -> None:
        if whose in self._waiting:
            log.info("twitch_reply_spared", broadcaster_id=parcel.broadcaster_id)
            return
        self._waiting.add(whose)
        try:
            outcome = await self._outbox.post(parcel)
        finally:
            self._waiting.discard(whose)
        if outcome.problem is not None:
            log.info("twitch_reply_not_said", broadcaster_id=parcel.broadcaster_id, problem=outcome.problem)
