"""A redemption says who and which, its chat message has the ids of the emotes: two events, in either order."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

M = TypeVar("M")
MAX_WAITING = 1000  # messages without a redemption, over all channels; the oldest go first


@dataclass(frozen=True, slots=True)
class Spoken:
    """What both events say alike."""

    broadcaster_id: str
    user_id: str
    reward_id: str
    text: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Twitch trims what people type."""
        return self.broadcaster_id, self.user_id, self.reward_id, " ".join(self.text.split())


class Joining(Generic[M]):
    """Nothing waits for longer than `wait_s`. The same person may redeem the same twice: first come, first joined."""

    def __init__(self, wait_s: float, *, clock: Callable[[], float] | None = None) -> None:
        self._wait_s = wait_s
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._messages: OrderedDict[tuple[tuple[str, ...], int], tuple[float, M]] = OrderedDict()
        self._waiters: dict[tuple[str, ...], list[asyncio.Future[M]]] = {}
        self._count = 0

    def message(self, spoken: Spoken, message: M) -> None:
        """A chat message with a reward's id."""
        for waiter in self._waiters.get(spoken.key, []):
            if not waiter.done():
                waiter.set_result(message)
                return
        self._forget_old()
        self._count += 1
        self._messages[spoken.key, self._count] = self._clock(), message
        while len(self._messages) > MAX_WAITING:
            self._messages.popitem(last=False)

    async def message_for(self, spoken: Spoken) -> M | None:
        """The message of this redemption, waited for if it is not there yet; None when it does not come."""
        self._forget_old()
        for kept in self._messages:
            if kept[0] == spoken.key:
                return self._messages.pop(kept)[1]
        waiter: asyncio.Future[M] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(spoken.key, [])
        waiters.append(waiter)
        try:
            async with asyncio.timeout(self._wait_s):
                return await waiter
        except TimeoutError:
            return None
        finally:
            waiters.remove(waiter)
            if not waiters:
                self._waiters.pop(spoken.key, None)

    def _forget_old(self) -> None:
        since = self._clock() - self._wait_s
        while self._messages and next(iter(self._messages.values()))[0] < since:
            self._messages.popitem(last=False)
