"""What we ask accounts to agree to, and for which feature: nothing that is not switched on.

https://dev.twitch.tv/docs/authentication/scopes/
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

BOT_SCOPES = frozenset({"user:read:chat", "user:write:chat", "user:bot"})
JOIN = "channel:bot"  # the bot may be in the channel's chat
REWARDS = "channel:manage:redemptions"
FOLLOWERS = "moderator:read:followers"


class Wish(StrEnum):
    """A feature that needs more of the broadcaster than the bot's being there."""

    REWARDS = "rewards"
    FOLLOWERS = "followers"


_SCOPE_OF = {Wish.REWARDS: REWARDS, Wish.FOLLOWERS: FOLLOWERS}


def scope_of(wish: Wish) -> str:
    """What the feature takes."""
    return _SCOPE_OF[wish]


def channel_scopes(wishes: Iterable[Wish]) -> frozenset[str]:
    """What a broadcaster is asked for."""
    return frozenset({JOIN, *(_SCOPE_OF[wish] for wish in wishes)})


def wishes_in(scopes: Iterable[str]) -> frozenset[Wish]:
    """What a broadcaster has agreed to."""
    given = set(scopes)
    return frozenset(wish for wish, scope in _SCOPE_OF.items() if scope in given)
