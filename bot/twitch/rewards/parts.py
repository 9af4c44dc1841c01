"""Channel points as the program has them: rewards are kept, redemptions heard, settled, and never forgotten."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.models import broadcaster_of, twitch_scope
from bot.policy.policy import Policy
from bot.store.audit import AuditEntry
from bot.store.redemptions import OwnReward, Redeemed, Redemptions, RedemptionState
from bot.twitch.client import TwitchBot
from bot.twitch.errors import TwitchError
from bot.twitch.events import ChannelLost, ChatMessage, Redemption
from bot.twitch.replying import Replies
from bot.twitch.rewards.keeper import RewardKeeper
from bot.twitch.rewards.problems import Problem
from bot.twitch.rewards.redeeming import Redeeming
from bot.twitch.rewards.settling import Settler
from bot.twitch.scopes import REWARDS
from bot.twitch.service import Faces
from bot.twitch.standing import Standings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RewardPacing:
    """All in seconds."""

    round_s: float = 60.0  # between two looks at all rewards and what waits at Twitch
    look_s: float = 1.0  # … at whether anything is different
    settle_s: float = 2.0  # … at which redemptions have come to an end
    join_s: float = 3.0  # for the chat message of a redemption
    old_s: float = 300.0  # what nobody answered for so long is refunded


@dataclass(frozen=True, slots=True)
class RewardNeeds:
    """What channel points need of the rest. `answering` says whether somebody draws faces at this moment."""

    faces: Faces
    policy: Policy
    redemptions: Redemptions
    standings: Standings
    replies: Replies
    answering: Callable[[], bool]


class Rewards:
    """`run` it beside the connection."""

    def __init__(
        self,
        bot: TwitchBot,
        needs: RewardNeeds,
        pacing: RewardPacing = RewardPacing(),  # frozen
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bot = bot
        self._redemptions = redemptions = needs.redemptions
        self._answering = needs.answering
        self._pacing = pacing
        self._clock = clock
        self._changed, self._decided, self._begun = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.keeper = RewardKeeper(lambda: bot.helix, redemptions, needs.policy, answering=needs.answering, clock=clock)
        self._settler = Settler(lambda: bot.helix, redemptions, clock=clock)
        self.redeeming = Redeeming(
            needs.faces,
            needs.policy,
            redemptions,
            needs.standings,
            replies=needs.replies,
            is_own=self.keeper.is_own,
            decided=self._decided.set,
            join_s=pacing.join_s,
        )
        bot.on(ChatMessage, self.redeeming.message)
        bot.on(Redemption, self._redeemed)
        bot.on(ChannelLost, self._channel_lost)
        bot.before_leaving(self.keeper.leave)
        needs.policy.watch(self._note)

    @property
    def _served(self) -> frozenset[str]:
        """The channels whose broadcasters have agreed to rewards."""
        return frozenset(each.key.user_id for each in self._bot.channels if REWARDS in each.scopes)

    async def run(self) -> None:
        """Until cancelled; then no reward can be redeemed until the program is back."""
        try:
            await self._begin()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep())
                group.create_task(self._settle())
        finally:
            await self.keeper.pause_all(self._served)

    async def problem(self, broadcaster_id: str) -> Problem | None:
        """Bring this channel's reward in line now; returns why it is not."""
        if broadcaster_id not in self._served:
            return Problem.NO_CONSENT
        await self.keeper.keep_one(broadcaster_id)
        return self.keeper.problems.get(twitch_scope(broadcaster_id))

    async def _begin(self) -> None:
        """Nothing new is heard before what an earlier run left is sorted out."""
        while not self._begun.is_set():
            try:
                await self._redemptions.take_up(math.inf)
                self._begun.set()
            except Exception:
                log.exception("redemptions_not_taken_up")
                await asyncio.sleep(self._pacing.look_s)

    async def _redeemed(self, redemption: Redemption) -> None:
        await self._begun.wait()
        await self.redeeming.redeemed(redemption)

    async def _keep(self) -> None:
        while True:
            self._changed.clear()
            seen = (self._answering(), self._served)
            try:
                # nobody is at work any more on what is so old: the store failed over it
                await self._redemptions.take_up(self._clock() - 2 * self._pacing.old_s)
                await self.keeper.keep(seen[1])
                await self._catch_up(self.keeper.own)
            except Exception:
                log.exception("rewards_not_kept")
            ends_at = asyncio.get_running_loop().time() + self._pacing.round_s
            while asyncio.get_running_loop().time() < ends_at and seen == (self._answering(), self._served):
                if await _is_set(self._changed, self._pacing.look_s):
                    break

    async def _catch_up(self, rewards: Mapping[str, OwnReward]) -> None:
        """What was redeemed while nobody listened: drawn while it is young, else refunded."""
        for own in rewards.values():
            channel_id = broadcaster_of(own.scope_id) or ""
            if channel_id not in self._served:
                continue
            try:
                waiting = await self._bot.helix.open_redemptions(channel_id, own.reward_id)
            except TwitchError as error:
                log.info("redemptions_not_listed", scope_id=own.scope_id, error=type(error).__name__)
                continue
            known = await self._redemptions.known([each.id for each in waiting])
            new = [each for each in waiting if each.id not in known]
            await asyncio.gather(*(self._heard_late(each) for each in new))

    async def _heard_late(self, redemption: Redemption) -> None:
        if redemption.at > self._clock() - self._pacing.old_s:
            await self.redeeming.redeemed(redemption)
            return
        scope_id, state = twitch_scope(redemption.channel.id), RedemptionState.REFUND
        if await self._redemptions.add(Redeemed(redemption.id, scope_id, redemption.reward_id, redemption.at, state)):
            log.info("redemption_too_old", redemption_id=redemption.id)
            self._decided.set()

    async def _settle(self) -> None:
        while True:
            try:
                await self._settler.settle()
            except Exception:
                log.exception("redemptions_not_settled")
            await _is_set(self._decided, self._pacing.settle_s)
            self._decided.clear()

    async def _channel_lost(self, lost: ChannelLost) -> None:
        """Nothing can be told of it to Twitch any more."""
        scope_id = twitch_scope(lost.channel_id)
        await self._redemptions.lose(scope_id)
        await self.keeper.forget(scope_id)

    def _note(self, entry: AuditEntry) -> None:
        if broadcaster_of(entry.scope_id) in self._served:
            self._changed.set()


async def _is_set(event: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await event.wait()
    except TimeoutError:
        return False
