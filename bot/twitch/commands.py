"""What is said in chats, and which of it means the bot."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import TTLCache

from bot.command import GUESS_COMMAND, strip_prefix
from bot.models import Rank, twitch_scope
from bot.policy.policy import Policy
from bot.policy.settings import EVERYWHERE
from bot.store.audit import AuditEntry
from bot.twitch.asking import Asking
from bot.twitch.chat_line import ChatLine, line_of
from bot.twitch.events import ChatMessage
from bot.twitch.faceset import Faceset
from bot.twitch.guessing.feature import Guessing
from bot.twitch.standing import rank_of
from bot.twitch.words import FACESET, Called

_KNOWN_S = 5.0  # another process may change a prefix; what this one changes, counts at once
_KNOWN = 10_000


class Commands:
    """Most of what is said is talk, so how commands are called in a channel is remembered for a moment."""

    def __init__(
        self,
        policy: Policy,
        asking: Asking,
        faceset: Faceset,
        guessing: Guessing,
        *,
        own_id: Callable[[], str | None],
        ranked: Callable[[str, Rank], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ranked` hears of what the bot's own messages show: its rank in a channel."""
        self._policy = policy
        self._asking = asking
        self._faceset = faceset
        self._guessing = guessing
        self._own_id = own_id
        self._ranked = ranked
        self._called: TTLCache[str, Called] = TTLCache(_KNOWN, _KNOWN_S, timer=clock)
        policy.watch(self._forget)

    async def hear(self, message: ChatMessage) -> None:
        """Somebody said something. What comes with channel points is asked for by the redemption."""
        if message.chatter.id == self._own_id():
            self._ranked(message.channel.id, rank_of(message.badges))
            if message.chatter.id != message.channel.id:
                return  # in its own channel the account may be a person, too; nothing the bot says is a command
        if message.reward_id is None:
            await self._hear(line_of(message))

    async def _hear(self, line: ChatLine) -> None:
        called = await self._called_in(line.broadcaster_id)
        if (text := strip_prefix(line.text, called.prefix, FACESET)) is not None:
            if rank_of(line.badges) is Rank.MODERATOR:
                await self._faceset.hear(line, text)
        elif (text := strip_prefix(line.text, called.prefix, GUESS_COMMAND)) is not None:
            if not text:
                await self._guessing.start(line)
        elif (text := strip_prefix(line.text, called.prefix, called.command)) is not None:
            await self._asking.ask(line, text)
        else:
            await self._guessing.hear(line)

    async def _called_in(self, broadcaster_id: str) -> Called:
        scope_id = twitch_scope(broadcaster_id)
        called = self._called.get(scope_id)
        if called is None:
            called = self._called[scope_id] = Called.of(await self._policy.effective(scope_id))
        return called

    def _forget(self, entry: AuditEntry) -> None:
        if entry.scope_id == EVERYWHERE:
            self._called.clear()
        else:
            self._called.pop(entry.scope_id, None)
