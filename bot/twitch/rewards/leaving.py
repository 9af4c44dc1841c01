"""A channel leaves: what is open is refunded, and the reward goes, while the token still works."""

from __future__ import annotations

import structlog

from bot.models import twitch_scope
from bot.store.redemptions import Redemptions
from bot.twitch.errors import TwitchError
from bot.twitch.rewards.helix import GivesHelix
from bot.twitch.rewards.problems import is_gone
from bot.twitch.rewards.settling import Settler

log = structlog.get_logger(__name__)


async def give_back(helix: GivesHelix, redemptions: Redemptions, broadcaster_id: str) -> None:
    """Raise TwitchError when the reward is still there."""
    scope_id = twitch_scope(broadcaster_id)
    await redemptions.refund_all(scope_id)
    await Settler(helix, redemptions).settle(scope_id)
    own = (await redemptions.rewards()).get(scope_id)
    if own is None:
        return
    try:
        await helix().delete_reward(broadcaster_id, own.reward_id)
    except TwitchError as error:
        if not is_gone(error):
            raise
    await redemptions.forget_reward(scope_id)
    log.info("reward_deleted", scope_id=scope_id)
