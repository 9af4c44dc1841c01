"""For operators: is it alive, is it ready, what are the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from bot.health import Health
from bot.metrics import CONTENT_TYPE, Metrics
from bot.web.insiders import Insiders
from bot.web.refusal import WebRefusal


class StatusPages:
    """`/health/live` fails only together with the event loop; `/health/ready` follows every part."""

    def __init__(self, health: Health, metrics: Metrics, insiders: Insiders) -> None:
        self._health = health
        self._metrics = metrics
        self._insiders = insiders

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

    async def ready(self, request: web.Request) -> web.Response:
        """200 or 503, with every part in the body, of which strangers are told nothing."""
        readiness = await self._health.ready()
        body = readiness.to_json() if self._insiders.may_read_numbers(request) else {"ok": readiness.ok}
        return web.json_response(body, status=HTTPStatus.OK if readiness.ok else HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics(self, request: web.Request) -> web.Response:
        """The Prometheus text format."""
        if not self._insiders.may_read_numbers(request):
            raise WebRefusal.of_status(HTTPStatus.NOT_FOUND)
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})
