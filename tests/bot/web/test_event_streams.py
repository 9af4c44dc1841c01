"""Event streams: bounded, alive while silent, and gone with their listener."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import test_utils, web

from bot.web import event_streams
from bot.web.event_streams import Event, EventStreams
from bot.web.guards import word_errors


@asynccontextmanager
async def streaming(streams: EventStreams, states: Any) -> AsyncIterator[aiohttp.ClientSession]:
    async def listen(request: web.Request) -> web.StreamResponse:
        return await streams.serve(request, states())

    app = web.Application(middlewares=[word_errors])
    app.router.add_get("/", listen)
    app.on_shutdown.append(streams.close)
    async with test_utils.TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as client:
        async with asyncio.timeout(30):
            yield client


async def one_then_silence() -> AsyncIterator[Event]:
    yield Event({"state": "queued"})
    await asyncio.Event().wait()


async def test_the_listener_after_the_last_place_is_refused_until_one_leaves() -> None:
    async with streaming(EventStreams(max_listeners=1, heartbeat_s=0.05), one_then_silence) as client:
        first = await client.get("/")
        async with client.get("/") as refused:
            assert (refused.status, (await refused.json())["error"]) == (503, "too_many_listeners")
            assert refused.headers["Retry-After"] == "5"

        first.close()

        status = 503
        while status == 503:
            second = await client.get("/")
            status = second.status
            second.close()
        assert status == 200


async def test_a_silent_stream_sends_heartbeats() -> None:
    async with streaming(EventStreams(heartbeat_s=0.05), one_then_silence) as client, client.get("/") as response:
        received = b""
        while b": ping" not in received:
            received += await response.content.readany()

    assert b'data: {"state": "queued"}' in received
    assert b"retry: 1000" in received


async def test_a_crash_in_the_middle_of_a_stream_cuts_it_off() -> None:
    async def broken() -> AsyncIterator[Event]:
        yield Event({"state": "queued"})
        raise RuntimeError("no more")

    async with streaming(EventStreams(), broken) as client, client.get("/") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_listener_who_takes_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "SEND_TIMEOUT_S", 0.2)
    dropped = asyncio.Event()

    async def flood() -> AsyncIterator[Event]:
        try:
            while True:
                yield Event({"state": "x" * 1_000_000})
        finally:
            dropped.set()

    async with streaming(EventStreams(), flood) as client, client.get("/"):
        await dropped.wait()
