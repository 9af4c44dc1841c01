"""`/`: the playground, and for strangers on a public server a few words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from bot.texts import Text
from bot.web.insiders import Insiders
from bot.web.rendering import page

_LINES = (
    Text("emoteface turns emotes into almost-real faces. A neural network draws them; they show nobody."),
    Text("Faces are asked for in chat, on Discord and Twitch."),
)
_LINKS = {"/privacy": Text("Privacy"), "/terms": Text("Terms of use")}


class HomePage:
    """`playground` is the file of the page."""

    def __init__(self, playground: Path, insiders: Insiders) -> None:
        self._playground = playground
        self._insiders = insiders

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return [web.get("/", self._home)]

    async def _home(self, request: web.Request) -> web.StreamResponse:
        if await self._insiders.may_draw(request):
            return web.FileResponse(self._playground)
        return page(request, "home.html", lines=_LINES, links=_LINKS)
