"""Twitch is told what became of each redemption: fulfilled, or the points go back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from bot.models import broadcaster_of
from bot.store.redemptions import Redeemed, Redemptions, RedemptionState
from bot.twitch.errors import TwitchError
from bot.twitch.rewards.helix import GivesHelix
from bot.twitch.rewards.problems import is_gone, problem_of

log = structlog.get_logger(__name__)

_AT_ONCE = 100
_MOST_RESTING = 5000  # passed over while others may have their turn: what fails in one channel holds up no other
_FIRST_S, _MOST_S = 2.0, 600.0  # until the next try, doubled each time


class Settler:
    """What is decided lies in the store, so that a restart loses no refund."""

    def __init__(self, helix: GivesHelix, redemptions: Redemptions, *, clock: Callable[[], float] = time.time) -> None:
        self._helix = helix
        self._redemptions = redemptions
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}  # how often, and not again before then

    async def settle(self, scope_id: str | None = None) -> None:
        """Decide what can be decided, and tell Twitch, of one channel or all; what fails is tried with a later call."""
        await self._redemptions.decide_finished()
        now = self._clock()
        resting = [id_ for id_, (_, until) in self._failed.items() if until > now][:_MOST_RESTING]
        waiting = await self._redemptions.to_settle(_AT_ONCE, scope_id, without=resting)
        if scope_id is None and len(waiting) < _AT_ONCE:
            ids = {*resting, *(each.id for each in waiting)}
            self._failed = {id_: failed for id_, failed in self._failed.items() if id_ in ids}
        for each in waiting:
            if self._failed.get(each.id, (0, 0.0))[1] <= self._clock():
                await self._tell(each)

    async def _tell(self, redeemed: Redeemed) -> None:
        is_refund = redeemed.state is RedemptionState.REFUND
        done = RedemptionState.REFUNDED if is_refund else RedemptionState.FULFILLED
        channel_id = broadcaster_of(redeemed.scope_id) or ""
        try:
            await self._helix().settle(channel_id, redeemed.reward_id, [redeemed.id], fulfilled=not is_refund)
        except TwitchError as error:
            if not is_gone(error):
                self._later(redeemed, error)
                return
            done = RedemptionState.LOST
        self._failed.pop(redeemed.id, None)
        await self._redemptions.settled(redeemed.id, done)
        log.info("redemption_settled", redemption_id=redeemed.id, state=done)

    def _later(self, redeemed: Redeemed, error: TwitchError) -> None:
        times = self._failed.get(redeemed.id, (0, 0.0))[0] + 1
        wait_s = min(_MOST_S, _FIRST_S * 2.0 ** min(times - 1, 20))
        self._failed[redeemed.id] = times, self._clock() + wait_s
        log.warning("redemption_not_settled", redemption_id=redeemed.id, problem=problem_of(error), times=times)
