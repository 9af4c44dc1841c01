"""Server-sent events: a request's progress, an overlay's faces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp_sse import EventSourceResponse

from bot.web.refusal import WebRefusal

log = structlog.get_logger(__name__)

MAX_LISTENERS = 256
HEARTBEAT_S = 15.0  # proxies cut connections that are silent for longer
SEND_TIMEOUT_S = 20.0  # a listener that takes nothing for this long is dropped
RECONNECT_MS = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """`data` are plain JSON values. `name` is what a listener listens for; who reconnects names the last `id`."""

    data: Mapping[str, Any]
    name: str | None = None
    id: str | None = None


class EventStreams:
    """The open event streams: bounded in number, and closed together when the server stops."""

    def __init__(self, max_listeners: int = MAX_LISTENERS, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._max_listeners = max_listeners
        self._heartbeat_s = heartbeat_s
        self._open: set[asyncio.Timeout] = set()

    async def serve(self, request: web.Request, events: AsyncIterator[Event]) -> web.StreamResponse:
        """Send every event; ends with `events`, with the listener's connection, or with the server."""
        if len(self._open) >= self._max_listeners:
            message = "Too many are listening. Ask for the state now and then instead."
            raise WebRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_listeners", message, retry_after_s=5)
        response = EventSourceResponse(ping_interval=self._heartbeat_s, send_timeout=SEND_TIMEOUT_S)
        try:
            async with asyncio.timeout(None) as until_closed:
                self._open.add(until_closed)
                await response.prepare(request)
                async with response:
                    async for event in events:
                        data = json.dumps(event.data)
                        await response.send(data, id=event.id, event=event.name, retry=RECONNECT_MS)
        except TimeoutError:
            log.info("event_stream_cut", reason="closing" if until_closed.expired() else "listener too slow")
        except ClientConnectionResetError:
            log.debug("event_stream_cut", reason="listener gone")
        finally:
            self._open.discard(until_closed)
        return response

    async def close(self, _: web.Application) -> None:
        """End every stream now; listeners reconnect, and find the state where they left it."""
        for until_closed in self._open:
            until_closed.reschedule(0)
