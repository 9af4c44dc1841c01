"""Who is next in line, and how soon. Pure: times come from the caller.

https://dev.twitch.tv/docs/chat/#rate-limits: whether a message is one too many depends on all that the account said in
the last seconds, in whatever channel; a moderator of the channel may say more. Who is none says one a second there.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from cachetools import LRUCache

from bot.twitch.merging import Parcel, fitting

_SEPARATELY = 3  # answers that wait in a channel; more share messages
_IDLE_CHANNELS = 512  # more are tidied away
_MODERATED = 10_000


@dataclass(frozen=True, slots=True)
class Ration:
    """Messages within `window_s`, counted until a little after their end; `gap_s` lies between two in one channel.
    Channels where less is allowed are never kept waiting longer than `patience_s` by those where more is."""

    messages: int = 20
    messages_as_moderator: int = 100
    window_s: float = 30.5
    gap_s: float = 1.1
    patience_s: float = 30.0


@dataclass(slots=True, eq=False)
class Waiting:
    """An answer in line since `since`; what was learned from Twitch not taking it."""

    parcel: Parcel
    since: float
    unlinked: bool = False
    alone: bool = False
    dropped_too_often: int = 0


@dataclass(slots=True, eq=False)
class Channel:
    """`busy` while a message is on its way; `next_at` is when the next may follow."""

    broadcaster_id: str
    waiting: deque[Waiting] = field(default_factory=deque)
    busy: bool = False
    next_at: float = -math.inf
    last_text: str | None = None
    links_off_until: float = -math.inf


class Turns:
    """All channels, and what was said lately."""

    def __init__(self, ration: Ration) -> None:
        self.ration = ration
        self.moderated: LRUCache[str, bool] = LRUCache(_MODERATED)
        self._channels: dict[str, Channel] = {}
        self._slots: list[list[float]] = []

    def channel(self, broadcaster_id: str) -> Channel:
        """The state of one."""
        channel = self._channels.pop(broadcaster_id, None)
        if channel is None:
            self._tidy()
            channel = Channel(broadcaster_id)
        self._channels[broadcaster_id] = channel  # the one used last stands last
        return channel

    def add(self, waiting: Waiting) -> None:
        """At the end."""
        self.channel(waiting.parcel.broadcaster_id).waiting.append(waiting)

    def remove(self, key: str) -> Waiting | None:
        """Out of the line, if it is in it."""
        for channel in self._channels.values():
            for waiting in channel.waiting:
                if waiting.parcel.key == key:
                    channel.waiting.remove(waiting)
                    return waiting
        return None

    def put_back(self, channel: Channel, batch: list[Waiting]) -> None:
        """To where they were."""
        self._channels.setdefault(channel.broadcaster_id, channel)
        channel.waiting.extendleft(reversed(batch))

    def gap_s(self, channel: Channel) -> float:
        """What has to lie between two messages there."""
        return 0.0 if self._moderates(channel) else self.ration.gap_s

    def next(self, now: float) -> Channel | float | None:
        """Whose turn it is; else in how many seconds it may be somebody's, None while that depends on others."""
        self._slots = [slot for slot in self._slots if slot[0] > now - self.ration.window_s]
        used, soonest = len(self._slots), math.inf
        for channel in self._in_order():
            if channel.next_at > now:
                soonest = min(soonest, channel.next_at)
            elif used < self._limit(channel):
                return channel
            else:
                soonest = min(soonest, min(slot[0] for slot in self._slots) + self.ration.window_s)
                if now - channel.waiting[0].since > self.ration.patience_s:
                    break
        return None if soonest == math.inf else max(0.0, soonest - now) + 0.001

    def take(self, channel: Channel) -> list[Waiting]:
        """Its next message: one answer while there is room for all that wait, otherwise as many as fit."""
        first = channel.waiting[0]
        left = self._limit(channel) - len(self._slots)
        crowded = len(channel.waiting) > _SEPARATELY or sum(len(c.waiting) for c in self._channels.values()) > left
        if first.alone or not crowded:
            return [channel.waiting.popleft()]
        together = [each for each in channel.waiting if not each.alone]
        batch = together[: fitting([each.parcel for each in together])]
        channel.waiting = deque(each for each in channel.waiting if each not in batch)
        return batch

    def reserve(self) -> list[float]:
        """A place in the ration; the caller puts in when the message was through."""
        slot = [math.inf]
        self._slots.append(slot)
        return slot

    def _tidy(self) -> None:
        """Of the idle ones, those that were used last are kept."""
        surplus = len(self._channels) - _IDLE_CHANNELS + 1
        idle = [each.broadcaster_id for each in self._channels.values() if not each.waiting and not each.busy]
        for broadcaster_id in idle[: max(0, surplus)]:
            del self._channels[broadcaster_id]

    def _in_order(self) -> list[Channel]:
        asking = [each for each in self._channels.values() if each.waiting and not each.busy]
        return sorted(asking, key=lambda each: each.waiting[0].since)

    def _limit(self, channel: Channel) -> int:
        return self.ration.messages_as_moderator if self._moderates(channel) else self.ration.messages

    def _moderates(self, channel: Channel) -> bool:
        return self.moderated.get(channel.broadcaster_id, False)
