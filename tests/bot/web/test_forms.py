"""Forms as no browser sends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import test_utils, web

from bot.web.forms import READ_TIMEOUT_S, read_form
from bot.web.guards import word_errors

FORM = "application/x-www-form-urlencoded"


@asynccontextmanager
async def reading(timeout_s: float = READ_TIMEOUT_S) -> AsyncIterator[aiohttp.ClientSession]:
    async def take(request: web.Request) -> web.Response:
        return web.json_response(list((await read_form(request, timeout_s=timeout_s)).items()))

    app = web.Application(middlewares=[word_errors])
    app.router.add_post("/", take)
    async with test_utils.TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as client:
        yield client


async def test_what_a_browser_sends_is_read() -> None:
    async with reading() as client, client.post("/", data={"a": "1", "b": "ä 😂"}) as response:
        assert await response.json() == [["a", "1"], ["b", "ä 😂"]]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (FORM, b"a=\xff", 400),
        (f"{FORM}; charset=no-such-charset", b"a=1", 415),
        (f"{FORM}; charset=unicode_escape", rb"a=\ud800", 415),
        (FORM, b"a=%ff%ed%a0%80", 200),
        (FORM, b"&".join([b"a=1"] * 5000), 413),
    ],
)
async def test_what_cannot_be_read_is_refused_and_no_crash(kind: str, body: bytes, status: int) -> None:
    async with reading() as client, client.post("/", data=body, headers={"Content-Type": kind}) as response:
        assert response.status == status
        assert "\\ud" not in await response.text()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"a"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
        ("text/plain", b"a=1"),
        ("nonsense", b"a=1"),
    ],
)
async def test_a_body_of_another_kind_says_nothing(kind: str, body: bytes) -> None:
    async with reading() as client, client.post("/", data=body, headers={"Content-Type": kind}) as response:
        assert (response.status, await response.json()) == (200, [])


async def test_a_form_that_takes_too_long_is_refused() -> None:
    finish = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"a="
        await finish.wait()
        yield b"1"

    async with (
        asyncio.timeout(60),
        reading(timeout_s=0.1) as client,
        client.post("/", data=stalled(), headers={"Content-Type": FORM}) as response,
    ):
        assert (response.status, (await response.json())["error"]) == (408, "too_slow")
        finish.set()
