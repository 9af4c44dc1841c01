"""What an overlay's page hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.polling import PATIENCE_S


class Stream:
    """What a page hears."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, *names: str) -> dict[str, Any]:
        """The data of the next event of one of these names, with the event's own name and id."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = await self._event()
                if event.get("event") in names:
                    return {**json.loads(event["data"]), "event": event["event"], "last": event.get("id")}

    async def ended(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.response.content.readline():
                pass

    async def _event(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while True:
            line = await self.response.content.readline()
            assert line, "the stream ended"
            text = line.decode().rstrip("\r\n")
            if not text and "data" in fields:
                return fields
            name, colon, value = text.partition(": ")
            if colon and name:
                fields[name] = value


@asynccontextmanager
async def hearing(client: aiohttp.ClientSession, overlay: str, **options: Any) -> AsyncIterator[Stream]:
    """The stream of the overlay at this path."""
    async with client.get(f"{overlay}/events", **options) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        yield Stream(response)
