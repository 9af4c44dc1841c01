"""Bodies that are broken, come slowly, or too many at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import test_utils, web

from bot.web.asking import MAX_BODIES, AskingReader
from bot.web.guards import word_errors
from tests.bot.web.conftest import Site, refusal


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
    async with (
        asyncio.timeout(60),
        reading(read_timeout_s=0.1) as client,
        client.post("/", data=stalled(finish), headers=JSON) as response,
    ):
        assert (response.status, (await response.json())["error"]) == (408, "too_slow")
        finish.set()


async def test_only_so_many_bodies_are_read_at_a_time() -> None:
    finish = asyncio.Event()
    async with reading(read_timeout_s=60) as client, asyncio.timeout(60):
        slow = [asyncio.create_task(client.post("/", data=stalled(finish), headers=JSON)) for _ in range(MAX_BODIES)]
        status = 200
        while status == 200:  # until all of them hold their places
            async with client.post("/", json={"text": "x"}) as response:
                status, body, headers = response.status, await response.json(), response.headers
        assert (status, body["error"], headers["Retry-After"]) == (503, "busy", "2")

        finish.set()
        assert [(await response).status for response in slow] == [200] * MAX_BODIES


async def test_a_visitor_who_hangs_up_while_sending_leaves_a_free_place() -> None:
    async with reading(read_timeout_s=60) as client, asyncio.timeout(60):
        for _ in range(MAX_BODIES):
            sending = asyncio.create_task(client.post("/", data=stalled(asyncio.Event()), headers=JSON))
            await asyncio.sleep(0)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

        async with client.post("/", json={"text": "x"}) as response:
            assert await response.json() == {"text": "x"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"text": 5}',
        b'{"text": "!face", "colour": "red"}',
        b'{"text": "\xff"}',
        json.dumps({"text": "😂" * 2001}).encode(),
    ],
)
async def test_json_that_is_not_a_text_is_a_bad_request(client: aiohttp.ClientSession, body: bytes) -> None:
    async with client.post("/api/faces", data=body, headers={"Content-Type": "application/json"}) as response:
        assert await refusal(response) in {(400, "bad_request"), (413, "request_entity_too_large")}


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary in here",
        b"--B\r\n\r\nno name\r\n--B--\r\n",
        b'--B\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="picture"\r\n\r\ncut short',
        b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\xfe\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 9000 + b"\r\n--B--\r\n",
        b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 2001 + b"\r\n--B--\r\n",
        b"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n\r\nx\r\n--C--\r\n--B--\r\n",
        b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\n\r\n' * 17 + b"--B--\r\n",
        b"--B\r\n" + b"x" * 20_000 + b"\r\n",
        b"--B\r\n" + b"X-Many: x\r\n" * 500 + b"\r\nx\r\n--B--\r\n",
    ],
    ids=range(11),
)
async def test_a_broken_form_is_a_bad_request(site: Site, client: aiohttp.ClientSession, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    async with client.post("/api/faces", data=body, headers=headers) as response:
        assert await refusal(response) == (400, "bad_request")
    assert site.faces.requests == {}


async def test_a_form_without_a_boundary_is_a_bad_request(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=b"x", headers={"Content-Type": "multipart/form-data"}) as response:
        assert await refusal(response) == (400, "bad_request")


async def test_a_body_of_another_kind_is_refused(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=b"x", headers={"Content-Type": "text/plain"}) as response:
        assert await refusal(response) == (415, "unknown_content_type")
