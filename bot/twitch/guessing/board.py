"""Says in chat how a round goes; the overlay shows it by itself."""

from __future__ import annotations

import structlog
from cachetools import LRUCache

from bot.guessing.round import GuessRound
from bot.guessing.words import ending, hint
from bot.texts import Text
from bot.twitch.merging import Parcel
from bot.twitch.outbox import Outbox
from bot.twitch.words import plain

log = structlog.get_logger(__name__)

_NAMES = 1000


class TwitchBoard:
    """Implements `bot.guessing.parts.Board`. Names of winners are known to who heard them: after a restart, nobody is
    named."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._names: LRUCache[str, str] = LRUCache(_NAMES)

    def note_name(self, user_id: str, name: str) -> None:
        """This is how somebody who may have won is called."""
        self._names[user_id] = name

    async def hint(self, round_: GuessRound) -> None:
        """See `Board`."""
        await self._say(round_, hint(round_), "hint")

    async def reveal(self, round_: GuessRound, *, late: bool) -> None:
        """See `Board`."""
        name = self._names.get(round_.winner_id or "")
        await self._say(round_, ending(round_, f"@{name}" if name else None, late=late), "end")

    async def _say(self, round_: GuessRound, words: Text, occasion: str) -> None:
        key = f"{round_.id}:{occasion}"
        outcome = await self._outbox.post(Parcel(key, round_.origin.channel_id, plain(words, round_.locale)))
        if outcome.problem is not None:
            log.info("twitch_round_not_told", round_id=round_.id, problem=outcome.problem)
