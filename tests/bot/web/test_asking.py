"""Bodies that come slowly, or too many at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import test_utils, web

from bot.web.asking import MAX_BODIES, AskingReader
from bot.web.guards import word_errors


@asynccontextmanager
async def reading(read_timeout_s: float) -> AsyncIterator[aiohttp.ClientSession]:
    reader = AskingReader(max_upload_bytes=1000, read_timeout_s=read_timeout_s)

    async def take(request: web.Request) -> web.Response:
        return web.json_response({"text": (await reader.read(request)).text})

    app = web.Application(middlewares=[word_errors])
    app.router.add_post("/", take)
    async with test_utils.TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as client:
        yield client


async def stalled(until: asyncio.Event) -> AsyncIterator[bytes]:
    yield b'{"text": '
    await until.wait()
    yield b'"x"}'


JSON = {"Content-Type": "application/json"}


async def test_a_body_that_takes_too_long_is_refused() -> None:
    finish = asyncio.Event()
    async with reading(read_timeout_s=0.1) as client, asyncio.timeout(20):
        async with client.post("/", data=stalled(finish), headers=JSON) as response:
            assert (response.status, (await response.json())["error"]) == (408, "too_slow")
            finish.set()


async def test_only_so_many_bodies_are_read_at_a_time() -> None:
    finish = asyncio.Event()
    async with reading(read_timeout_s=20) as client, asyncio.timeout(20):
        slow = [asyncio.create_task(client.post("/", data=stalled(finish), headers=JSON)) for _ in range(MAX_BODIES)]
        refused = None
        while refused is None:  # until all of them hold their places
            async with client.post("/", json={"text": "x"}) as response:
                refused = response if response.status == 503 else None
        assert (await refused.json())["error"] == "busy"
        assert refused.headers["Retry-After"] == "2"

        finish.set()
        assert [(await response).status for response in slow] == [200] * MAX_BODIES


async def test_a_visitor_who_hangs_up_while_sending_leaves_a_free_place() -> None:
    async with reading(read_timeout_s=20) as client, asyncio.timeout(20):
        for _ in range(MAX_BODIES):
            sending = asyncio.create_task(client.post("/", data=stalled(asyncio.Event()), headers=JSON))
            await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

        async with client.post("/", json={"text": "x"}) as response:
            assert await response.json() == {"text": "x"}
