"""`/panel`: what one may look after."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from bot.models import Platform, twitch_scope
from bot.web.panel.pages import PANEL, Doors, Visit
from bot.web.panel.words import Words

MAX_OFFERED = 200  # as many servers as a member can be in; of an operator's, the others open by their address


class HomePages:
    """The way in."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return [web.get(PANEL, self._doors.panel(self._home))]

    async def _home(self, visit: Visit) -> web.StreamResponse:
        who = visit.login.who
        places = await self._doors.places.of(who)
        own = {twitch_scope(who.user_id)} if who.platform is Platform.TWITCH else set()
        is_connected = not own.isdisjoint(place.scope_id for place in places)
        return visit.page(
            "panel_home.html",
            title=Words.panel,
            places=places[:MAX_OFFERED],
            connects=bool(own) and not is_connected,
            is_connected=is_connected,
        )
