"""Where on a channel's stream faces can be seen."""

from __future__ import annotations

from collections.abc import Callable

from bot.texts import Text
from bot.twitch.words import ON_SCREEN


class Screens:
    """`open_screens` says how many overlays of a scope are open."""

    def __init__(self, open_screens: Callable[[str], int]) -> None:
        self._open_screens = open_screens

    def is_open(self, scope_id: str) -> bool:
        """Whether there is somewhere to look now."""
        return self._open_screens(scope_id) > 0

    async def sight(self, scope_id: str) -> Text | None:
        """See `bot.twitch.delivery.Sight`."""
        return ON_SCREEN if self.is_open(scope_id) else None
