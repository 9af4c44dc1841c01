"""`!faceset reward`: what moderators do about channel points."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.models import twitch_scope
from bot.policy.forms import typed
from bot.policy.policy import Policy
from bot.policy.settings import EffectiveSettings
from bot.texts import Text, Value, joined
from bot.twitch.rewards.problems import Problem, problem_words


class RewardCommand:
    """The caller has made sure that this user may change the channel's settings."""

    def __init__(
        self, policy: Policy, problem: Callable[[str], Awaitable[Problem | None]], connect_url: str | None
    ) -> None:
        """`problem` brings a channel's reward in line and says why it is not; `connect_url` is where a broadcaster
        agrees to more."""
        self._policy = policy
        self._problem = problem
        self._connect_url = connect_url

    async def answer(self, broadcaster_id: str, user_id: str, rest: str) -> Text:
        """`rest` is "on", "off", a price or nothing. Raise InvalidSetting."""
        scope_id, wanted = twitch_scope(broadcaster_id), rest.strip()
        if wanted:
            name = "reward_cost" if wanted.isdecimal() else "reward_enabled"
            await self._policy.set(scope_id, None, name, typed(name, wanted), user_id)
        here = await self._policy.effective(scope_id)
        problem = await self._problem(broadcaster_id) if here.reward_enabled or wanted else None
        words = _status(here)
        if problem is None or not here.reward_enabled:
            return words
        told = joined([words, problem_words(problem)])
        return joined([told, self._connect_url]) if problem is Problem.NO_CONSENT and self._connect_url else told


def _status(here: EffectiveSettings) -> Text:
    told: dict[str, Value] = {"title": here.reward_title, "cost": here.reward_cost}
    if here.reward_enabled:
        return Text("Channel points are on: “{title}” costs {cost}.", told)
    return Text("Channel points are off. `!faceset reward on` offers “{title}” for {cost}.", told)
