"""What Twitch says of somebody who asks: how close they are to the channel, and whether its stream is on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from cachetools import TTLCache

from bot.errors import CatalogueDown
from bot.models import Rank, Standing, Way
from bot.policy.settings import EffectiveSettings
from bot.twitch.chat_line import ChatLine
from bot.twitch.errors import TwitchError
from bot.twitch.words import locale_of

_FOLLOWS_S, _FOLLOWS_NOT_S = 600.0, 20.0  # somebody may follow because they were told to
_LIVE_S = 20.0
_REMEMBERED = 20_000
_MODERATES = {"broadcaster", "moderator", "lead_moderator"}
_SUBSCRIBES = {"subscriber", "founder"}


class KnowsPeople(Protocol):
    """`bot.twitch.helix.Helix`, which says what these do."""

    async def follows(self, channel_id: str, user_id: str) -> bool: ...

    async def live(self, channel_ids: Collection[str]) -> frozenset[str]: ...


def rank_of(badges: Collection[str]) -> Rank:
    """What the badges say; they do not tell who follows."""
    if not _MODERATES.isdisjoint(badges):
        return Rank.MODERATOR
    if "vip" in badges:
        return Rank.VIP
    return Rank.EVERYONE if _SUBSCRIBES.isdisjoint(badges) else Rank.SUBSCRIBER


class Standings:
    """Twitch is asked only where the answer matters, and not again for a while."""

    def __init__(self, helix: Callable[[], KnowsPeople]) -> None:
        """`helix` raises NotAuthorized while there is no bot account."""
        self._helix = helix
        self._follows: TTLCache[tuple[str, str], bool] = TTLCache(_REMEMBERED, _FOLLOWS_S)
        self._follows_not: TTLCache[tuple[str, str], bool] = TTLCache(_REMEMBERED, _FOLLOWS_NOT_S)
        self._live: TTLCache[str, bool] = TTLCache(_REMEMBERED, _LIVE_S)

    async def of(self, line: ChatLine, here: EffectiveSettings) -> Standing:
        """Raise CatalogueDown where Twitch would have to be asked and does not answer."""
        rank = rank_of(line.badges)
        standing = Standing(Way.COMMAND, manages=rank is Rank.MODERATOR, locale=locale_of(here), rank=rank)
        try:
            if rank is Rank.EVERYONE and here.ask_from == "follower" and await self._is_follower(line):
                standing = replace(standing, rank=Rank.FOLLOWER)
            if here.online_only and not await self._is_live(line.broadcaster_id):
                standing = replace(standing, live=False)
        except TwitchError:
            raise CatalogueDown from None
        return standing

    def note_live(self, broadcaster_id: str, *, is_live: bool) -> None:
        """A stream began or ended."""
        self._live[broadcaster_id] = is_live

    async def _is_follower(self, line: ChatLine) -> bool:
        who = (line.broadcaster_id, line.user_id)
        if who in self._follows:
            return True
        if who in self._follows_not:
            return False
        follows = await self._helix().follows(*who)
        (self._follows if follows else self._follows_not)[who] = follows
        return follows

    async def _is_live(self, broadcaster_id: str) -> bool:
        if broadcaster_id not in self._live:
            self._live[broadcaster_id] = broadcaster_id in await self._helix().live([broadcaster_id])
        return self._live.get(broadcaster_id, False)
