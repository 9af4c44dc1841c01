"""Chats by a clock of their own: what `bot.twitch.waiting` lets be said, and when."""

from __future__ import annotations

import math

from bot.twitch.merging import Parcel
from bot.twitch.waiting import Channel, Ration, Turns, Waiting

RATION = Ration(messages=20, messages_as_moderator=100, window_s=30.0, gap_s=1.0, patience_s=30.0)


def waiting(key: str, channel: str, since: float = 0.0) -> Waiting:
    return Waiting(Parcel(key, channel, "On screen now!", f"n{key}", f"q{key}"), since)


class Chats:
    """Says what may be said, each message in `takes_s`; `said` are moment, channel and keys."""

    def __init__(self, ration: Ration = RATION, takes_s: float = 0.2) -> None:
        self.turns = Turns(ration)
        self.takes_s = takes_s
        self.now = 0.0
        self.said: list[tuple[float, str, tuple[str, ...]]] = []

    def run(self, until: float = math.inf) -> None:
        """Until nothing waits, or until then."""
        under_way: list[tuple[float, Channel, list[float]]] = []
        while self.now < until:
            turn = self.turns.next(self.now)
            if isinstance(turn, Channel):
                batch = self.turns.take(turn)
                turn.busy = True
                under_way.append((self.now + self.takes_s, turn, self.turns.reserve()))
                keys = tuple(each.parcel.key for each in batch)
                self.said.append((self.now, turn.broadcaster_id, keys))
            elif under_way or turn is not None:
                ends = [end for end, _, _ in under_way]
                self.now = min([*ends, self.now + turn if turn is not None else math.inf])
                for each in [each for each in under_way if each[0] <= self.now]:
                    under_way.remove(each)
                    _, channel, slot = each
                    channel.busy, channel.next_at, slot[0] = False, self.now + self.turns.gap_s(channel), self.now
            else:
                return

    def most_in(self, window_s: float) -> int:
        moments = [moment for moment, _, _ in self.said]
        return max(sum(start <= moment < start + window_s for moment in moments) for start in moments)
