"""Every channel's reward is as its settings want it, and cannot be redeemed while nobody would answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace

import structlog

from bot.models import broadcaster_of, twitch_scope
from bot.policy.policy import Policy
from bot.policy.settings import EffectiveSettings
from bot.store.redemptions import OwnReward, Redemptions
from bot.texts import Text, say
from bot.twitch.errors import TwitchError
from bot.twitch.helix import RewardFields
from bot.twitch.rewards.helix import GivesHelix, RewardCalls
from bot.twitch.rewards.leaving import give_back
from bot.twitch.rewards.problems import Problem, is_gone, problem_of
from bot.twitch.words import locale_of

log = structlog.get_logger(__name__)

PROMPT = Text("Which emote shall get a face?")
_BY = "twitch"  # who switches off a reward that was deleted on Twitch
_PAUSING_S = 5.0  # at the end of the program


class RewardKeeper:
    """Its memory is the store, so it may stop and start at any time."""

    def __init__(
        self,
        helix: GivesHelix,
        redemptions: Redemptions,
        policy: Policy,
        *,
        answering: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`answering`: whether somebody draws faces at this moment."""
        self._helix = helix
        self._redemptions = redemptions
        self._policy = policy
        self._answering = answering
        self._clock = clock
        self._leaving: set[str] = set()
        self._turn = asyncio.Lock()  # who asks for a reward at the same moment gets the same one
        self.own: Mapping[str, OwnReward] = {}
        """The rewards of all channels, by scope, as of the last look."""
        self.problems: dict[str, Problem] = {}
        """Of channels whose reward is not as it should be, by scope."""

    def is_own(self, broadcaster_id: str, reward_id: str) -> bool:
        """Whether it is the channel's reward of ours."""
        own = self.own.get(twitch_scope(broadcaster_id))
        return own is not None and own.reward_id == reward_id

    async def keep(self, broadcaster_ids: Collection[str]) -> None:
        """Bring the rewards of these channels in line, one after the other; what fails is tried with the next call."""
        async with self._turn:
            self.own = await self._redemptions.rewards()
        for broadcaster_id in broadcaster_ids:
            await self.keep_one(broadcaster_id)

    async def keep_one(self, broadcaster_id: str) -> None:
        """The same of one."""
        scope_id = twitch_scope(broadcaster_id)
        try:
            async with self._turn:
                if scope_id not in self._leaving:
                    await self._keep(broadcaster_id, scope_id)
            self.problems.pop(scope_id, None)
        except TwitchError as error:
            problem = problem_of(error)
            if self.problems.get(scope_id) != problem:
                log.warning("reward_not_kept", scope_id=scope_id, problem=problem)
            self.problems[scope_id] = problem

    async def pause_all(self, broadcaster_ids: Collection[str]) -> None:
        """The program ends: nobody answers until it is back."""
        ids = set(broadcaster_ids)
        live = [own for own in self.own.values() if not own.paused and broadcaster_of(own.scope_id) in ids]
        try:
            async with asyncio.timeout(_PAUSING_S):
                await asyncio.gather(*(self._pause_at_the_end(own) for own in live))
        except TimeoutError:
            log.warning("rewards_not_all_paused")

    async def leave(self, broadcaster_id: str) -> None:
        """See `give_back`. From now on the channel gets no reward, until it is `forget`-ten and comes back."""
        scope_id = twitch_scope(broadcaster_id)
        self._leaving.add(scope_id)
        async with self._turn:
            await give_back(self._helix, self._redemptions, broadcaster_id)
            self.own = {scope: own for scope, own in self.own.items() if scope != scope_id}

    async def forget(self, scope_id: str) -> None:
        """There is none any more."""
        await self._redemptions.forget_reward(scope_id)
        self.own = {scope: own for scope, own in self.own.items() if scope != scope_id}
        self.problems.pop(scope_id, None)
        self._leaving.discard(scope_id)

    async def _keep(self, broadcaster_id: str, scope_id: str) -> None:
        here, own = await self._policy.effective(scope_id), self.own.get(scope_id)
        if own is None:
            if here.reward_enabled:
                own = await self._made(broadcaster_id, scope_id, here)
                await self._change(broadcaster_id, own, here)
            return
        try:
            await self._change(broadcaster_id, own, here)
        except TwitchError as error:
            if not is_gone(error):
                raise
            await self._deleted_on_twitch(scope_id, here)

    async def _made(self, broadcaster_id: str, scope_id: str, here: EffectiveSettings) -> OwnReward:
        """New, or what an earlier run made and did not get to remember."""
        helix, fields = self._helix(), _fields(here)
        try:
            reward = await helix.create_reward(broadcaster_id, fields)
        except TwitchError as error:
            if problem_of(error) is not Problem.TITLE_TAKEN:
                raise
            made = await helix.rewards(broadcaster_id)
            found = next((each for each in made if each.title == fields.title), None)
            if found is None:
                raise
            reward = found
        own = OwnReward(scope_id, reward.id, asdict(fields) | {"shown": reward.is_enabled}, reward.is_paused)
        await self._remember(own)
        log.info("reward_made", scope_id=scope_id)
        return own

    async def _change(self, broadcaster_id: str, own: OwnReward, here: EffectiveSettings) -> None:
        """Only what the settings changed, so that what broadcasters change on Twitch stays."""
        wanted, helix = _fields(here), self._helix()
        if asdict(wanted) != {name: own.set_to.get(name) for name in asdict(wanted)}:
            await helix.update_reward(broadcaster_id, own.reward_id, wanted)
            own = await self._remember(replace(own, set_to={**own.set_to, **asdict(wanted)}))
        if own.set_to.get("shown") != here.reward_enabled:
            await helix.show_reward(broadcaster_id, own.reward_id, shown=here.reward_enabled)
            own = await self._remember(replace(own, set_to={**own.set_to, "shown": here.reward_enabled}))
        paused = not self._answering() or here.is_paused(self._clock()) or not here.enabled
        if own.paused != paused:
            await self._set_paused(helix, own, paused=paused)

    async def _set_paused(self, helix: RewardCalls, own: OwnReward, *, paused: bool) -> None:
        await helix.pause_reward(broadcaster_of(own.scope_id) or "", own.reward_id, paused=paused)
        await self._remember(replace(own, paused=paused))
        log.info("reward_paused" if paused else "reward_resumed", scope_id=own.scope_id)

    async def _pause_at_the_end(self, own: OwnReward) -> None:
        try:
            await self._set_paused(self._helix(), own, paused=True)
        except TwitchError as error:
            log.warning("reward_not_paused", scope_id=own.scope_id, problem=problem_of(error))
        except Exception:
            log.exception("reward_pausing_failed", scope_id=own.scope_id)

    async def _deleted_on_twitch(self, scope_id: str, here: EffectiveSettings) -> None:
        """Whoever deleted it wants it gone."""
        await self.forget(scope_id)
        log.info("reward_deleted_on_twitch", scope_id=scope_id)
        if here.reward_enabled:
            await self._policy.set(scope_id, None, "reward_enabled", False, _BY)

    async def _remember(self, own: OwnReward) -> OwnReward:
        await self._redemptions.set_reward(own)
        self.own = {**self.own, own.scope_id: own}
        return own


def _fields(here: EffectiveSettings) -> RewardFields:
    prompt = say(PROMPT, locale_of(here))
    return RewardFields(here.reward_title, here.reward_cost, prompt, here.reward_cooldown_s or None)
