"""Setting the overlay up: its secret address, a look at it, a test. Its settings are a page of the settings."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from bot.policy.pages import Page
from bot.web.overlay.overlays import Overlays, overlay_url
from bot.web.panel.pages import Doors, Visit, path_of, sent_to
from bot.web.panel.places import SCOPE, Managed


class OverlaySetupPages:
    """The address is a secret: no page has it until somebody asks for it, and it is in no address of the panel."""

    def __init__(self, doors: Doors, overlays: Overlays, *, public_url: str | None) -> None:
        self._doors = doors
        self._overlays = overlays
        self._public_url = public_url

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        at, inside = f"/panel/{SCOPE}/overlay", self._doors.place
        return (
            web.get(at, inside(self._home)),
            web.get(f"{at}/address", inside(self._address)),
            web.get(f"{at}/preview", inside(self._preview)),
            web.get(f"{at}/file", inside(self._file)),
            web.post(f"{at}/test", inside(self._test)),
            web.post(f"{at}/rotate", inside(self._rotate)),
        )

    async def _home(self, visit: Visit, place: Managed) -> web.StreamResponse:
        return sent_to(_home_of(place))

    async def _address(self, visit: Visit, place: Managed) -> web.StreamResponse:
        site = self._public_url or str(visit.request.url.origin())
        return web.Response(text=overlay_url(site, await self._overlays.secret_of(place.scope_id)))

    async def _preview(self, visit: Visit, place: Managed) -> web.StreamResponse:
        return sent_to(overlay_url("", await self._overlays.secret_of(place.scope_id)))

    async def _file(self, visit: Visit, place: Managed) -> web.StreamResponse:
        return sent_to(overlay_url("", await self._overlays.secret_of(place.scope_id)) + "/local")

    async def _test(self, visit: Visit, place: Managed) -> web.StreamResponse:
        self._overlays.test(place.scope_id)
        return sent_to(_home_of(place))

    async def _rotate(self, visit: Visit, place: Managed) -> web.StreamResponse:
        await self._overlays.rotate(place.scope_id)
        return sent_to(_home_of(place))


def _home_of(place: Managed) -> str:
    return path_of(place, f"/settings/{Page.OVERLAY}")
