"""For operators: is it alive, is it ready, what are the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from bot.health import Health
from bot.metrics import CONTENT_TYPE, Metrics


class StatusPages:
    """`/health/live` fails only together with the event loop; `/health/ready` follows every part."""

    def __init__(self, health: Health, metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return (
            web.get("/health/live", self.live),
            web.get("/health/ready", self.ready),
            web.get("/metrics", self.metrics),
        )

    async def live(self, _: web.Request) -> web.Response:
        """200: a restart would not help."""
        return web.json_response({"ok": True})

    async def ready(self, _: web.Request) -> web.Response:
        """200 or 503, with every part in the body."""
        readiness = await self._health.ready()
        return web.json_response(
            readiness.to_json(), status=HTTPStatus.OK if readiness.ok else HTTPStatus.SERVICE_UNAVAILABLE
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """The Prometheus text format."""
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})
