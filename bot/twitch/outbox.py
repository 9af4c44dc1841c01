"""What is said in chats is rationed by Twitch, over the whole account: answers wait in line, and where more wait than
may be said, those of one channel share a message. Nothing is left out."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from cachetools import LRUCache

from bot.models import FaceRequest, RequestState
from bot.twitch.merging import Parcel, line_for, unlike
from bot.twitch.speaking import Forbidden, MaybeSaid, NotSaid, Speaks
from bot.twitch.waiting import Channel, Ration, Turns, Waiting

log = structlog.get_logger(__name__)

TOO_OFTEN = {"msg_ratelimit", "msg_slowmode", "msg_duplicate"}  # the same will be fine a little later
_LINKS_OFF_S = 600.0  # where a link was not taken, this long none is tried
_GIVE_UP_S = 900.0  # while Twitch cannot be reached; nobody expects the answer any more
_RETRY_FIRST_S, _RETRY_MAX_S = 0.5, 30.0
_OUTCOMES = 4096


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer: the message that has it, or why none has. `uncertain`: nobody knows."""

    message_id: str | None = None
    problem: str | None = None
    uncertain: bool = False


@dataclass(slots=True)
class _Failures:
    """In a row, of Twitch as a whole."""

    count: int = 0
    until: float = -math.inf

    @property
    def wait_s(self) -> float:
        return float(min(_RETRY_MAX_S, _RETRY_FIRST_S * 2.0 ** min(self.count, 10)))


class Outbox:
    """`run` it; `post` waits until the answer is in a chat, or will never be. Whoever stops waiting may come back with
    the same key: the answer keeps its place in line."""

    def __init__(
        self,
        speaker: Speaks,
        ration: Ration | None = None,
        *,
        links_blocked: Callable[[str], None] = lambda broadcaster_id: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`links_blocked` hears of every message that was taken in this channel only without its link."""
        self._speaker = speaker
        self._turns = Turns(ration or Ration())
        self._links_blocked = links_blocked
        self._clock = clock
        self._told: dict[str, asyncio.Future[Outcome]] = {}
        self._outcomes: LRUCache[str, Outcome] = LRUCache(_OUTCOMES)
        self._failures = _Failures()
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many answers are in line, over all channels."""
        return len(self._told)

    def may_have_said(self, request: FaceRequest, *, maybe_sent: bool) -> bool:
        """Whether an earlier run of the program was cut while it sent this answer. Of this run, `post` knows."""
        is_known = request.id in self._told or request.id in self._outcomes
        return maybe_sent and request.state is RequestState.SENDING and not is_known

    def note_rank(self, broadcaster_id: str, *, moderates: bool) -> None:
        """Whether the bot is a moderator there, as far as was heard last."""
        self._turns.moderated[broadcaster_id] = moderates
        if moderates:
            self._turns.channel(broadcaster_id).links_off_until = -math.inf

    async def post(self, parcel: Parcel) -> Outcome:
        """Its outcome; one that is in line already is not said twice."""
        if (known := self._outcomes.get(parcel.key)) is not None:
            return known
        told = self._told.get(parcel.key)
        if told is None:
            told = self._told[parcel.key] = asyncio.get_running_loop().create_future()
            self._turns.add(Waiting(parcel, self._clock()))
            self._changed.set()
        return await asyncio.shield(told)

    def withdraw(self, key: str) -> None:
        """It is not to be said any more, if it is still in line."""
        if (waiting := self._turns.remove(key)) is not None:
            self._end([waiting], Outcome(problem="withdrawn"))

    async def run(self) -> None:
        """Until cancelled; what is in line then is nobody's any more."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    self._changed.clear()
                    wait_s = self._start_what_may(group)
                    try:
                        async with asyncio.timeout(wait_s):
                            await self._changed.wait()
                    except TimeoutError:
                        continue
        finally:
            for told in self._told.values():
                told.cancel()

    def _start_what_may(self, group: asyncio.TaskGroup) -> float | None:
        """In how many seconds more may be said; None: once something changes."""
        while (now := self._clock()) >= self._failures.until:
            turn = self._turns.next(now)
            if not isinstance(turn, Channel):
                return turn
            batch = self._turns.take(turn)
            turn.busy = True
            slot = self._turns.reserve()
            group.create_task(self._say(turn, batch, slot))
        return self._failures.until - now

    async def _say(self, channel: Channel, batch: list[Waiting], slot: list[float]) -> None:
        try:
            await self._try(channel, batch, slot)
        except Exception:
            log.exception("twitch_message_failed", broadcaster_id=channel.broadcaster_id)
            self._end(batch, Outcome(problem="defect", uncertain=True))
        finally:
            channel.busy = False
            if slot[0] == math.inf:
                slot[0] = self._clock()
            self._changed.set()

    async def _try(self, channel: Channel, batch: list[Waiting], slot: list[float]) -> None:
        now = self._clock()
        with_links = now >= channel.links_off_until and not any(each.unlinked for each in batch)
        parcels = [each.parcel for each in batch]
        text = unlike(line_for(parcels, with_links=with_links), channel.last_text)
        reply_to = parcels[0].reply_to if len(parcels) == 1 else None
        try:
            said = await self._speaker.say(channel.broadcaster_id, text, reply_to)
        except NotSaid as error:
            slot[0] = -math.inf  # it never counted
            self._wait_for_twitch(channel, batch, error)
            return
        except MaybeSaid:
            self._back_off("nobody knows whether it was said")  # so that an outage does not swallow the whole line
            self._end(batch, Outcome(problem="nobody knows whether it was said", uncertain=True))
            return
        except Forbidden as error:
            self._end(batch, Outcome(problem=str(error)))
            return
        finally:
            channel.next_at = self._clock() + self._turns.gap_s(channel)
        self._failures = _Failures()
        channel.last_text = text
        if said.dropped is None:
            self._said(channel, batch, said.message_id)
        else:
            has_links = with_links and any(parcel.linked for parcel in parcels)
            self._dropped(channel, batch, said.dropped, has_links=has_links)

    def _said(self, channel: Channel, batch: list[Waiting], message_id: str) -> None:
        if any(each.unlinked and each.parcel.linked for each in batch):
            channel.links_off_until = self._clock() + _LINKS_OFF_S
            self._links_blocked(channel.broadcaster_id)
        self._end(batch, Outcome(message_id))

    def _dropped(self, channel: Channel, batch: list[Waiting], code: str, *, has_links: bool) -> None:
        """Once more: later, without links, or each alone; what is left then is refused."""
        log.info("twitch_message_dropped", broadcaster_id=channel.broadcaster_id, code=code, answers=len(batch))
        if code in TOO_OFTEN and self._clock() - batch[0].since < _GIVE_UP_S:
            self._slow_down(channel, batch)
        elif has_links:
            for each in batch:
                each.unlinked = True
        elif len(batch) > 1:
            for each in batch:
                each.alone = True
        else:
            self._end(batch, Outcome(problem=f"dropped: {code}"))
            return
        self._turns.put_back(channel, batch)

    def _slow_down(self, channel: Channel, batch: list[Waiting]) -> None:
        """Twitch counts otherwise than we do, or a moderator has slowed the chat down: twice as long each time."""
        for each in batch:
            each.dropped_too_often += 1
        ration = self._turns.ration
        wait_s = min(ration.window_s, ration.gap_s * 2.0 ** min(batch[0].dropped_too_often, 10))
        channel.next_at = self._clock() + wait_s

    def _wait_for_twitch(self, channel: Channel, batch: list[Waiting], error: NotSaid) -> None:
        now = self._clock()
        self._back_off(str(error))
        late = [each for each in batch if now - each.since > _GIVE_UP_S]
        self._end(late, Outcome(problem=str(error)))
        self._turns.put_back(channel, [each for each in batch if each not in late])

    def _back_off(self, reason: str) -> None:
        wait_s = self._failures.wait_s
        self._failures = _Failures(self._failures.count + 1, self._clock() + wait_s)
        log.warning("twitch_message_delayed", reason=reason, wait_s=round(wait_s, 1), waiting=self.waiting)

    def _end(self, batch: list[Waiting], outcome: Outcome) -> None:
        for each in batch:
            key = each.parcel.key
            self._outcomes[key] = outcome
            told = self._told.pop(key, None)
            if told is not None and not told.done():
                told.set_result(outcome)
