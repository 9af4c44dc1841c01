"""What rewards need of Helix; `bot.twitch.helix.Helix` says what these do, and what they raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from bot.twitch.events import Redemption
from bot.twitch.helix import Reward, RewardFields


class RewardCalls(Protocol):
    """All of them need the broadcaster's scope `channel:manage:redemptions`."""

    async def create_reward(self, channel_id: str, fields: RewardFields) -> Reward: ...

    async def rewards(self, channel_id: str) -> Sequence[Reward]: ...

    async def update_reward(self, channel_id: str, reward_id: str, fields: RewardFields) -> None: ...

    async def pause_reward(self, channel_id: str, reward_id: str, *, paused: bool) -> None: ...

    async def show_reward(self, channel_id: str, reward_id: str, *, shown: bool) -> None: ...

    async def delete_reward(self, channel_id: str, reward_id: str) -> None: ...

    async def open_redemptions(self, channel_id: str, reward_id: str) -> Sequence[Redemption]: ...

    async def settle(self, channel_id: str, reward_id: str, ids: Sequence[str], *, fulfilled: bool) -> None: ...


GivesHelix: TypeAlias = Callable[[], RewardCalls]
"""Raises NotAuthorized while there is no bot account."""
