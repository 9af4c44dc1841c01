"""Connections to servers that are not what they should be."""

from __future__ import annotations

import asyncio
import json

import pytest
from pydantic import SecretStr

pytest.register_assert_rewrite("tests.inference.queue.contract")

from config.queue import NatsSettings  # noqa: E402
from inference.queue.nats.connection import Connection  # noqa: E402
from tests.inference.queue.contract import SETTINGS  # noqa: E402
from tests.polling import until  # noqa: E402


async def test_a_password_is_not_sent_to_a_server_that_does_not_offer_tls() -> None:
    heard = bytearray()

    async def in_between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offer = {"server_id": "x", "version": "2.15.1", "max_payload": 1_048_576, "auth_required": True}
        writer.write(b"INFO " + json.dumps(offer).encode() + b"\r\n")
        while data := await reader.read(1000):
            heard.extend(data)
        writer.close()

    async with await asyncio.start_server(in_between, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        login = NatsSettings(user="bot", password=SecretStr("a-secret-password"))
        settings = SETTINGS.model_copy(update={"url": f"tls://127.0.0.1:{port}", "nats": login})
        connection = Connection(settings, "bot")
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(connection.run())
            await until(lambda: connection.problem is not None)
            running.cancel()
    assert "does not offer TLS" in str(connection.problem)
    assert not heard


async def test_who_is_not_there_is_named_at_once() -> None:
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    connection = Connection(SETTINGS.model_copy(update={"url": f"nats://127.0.0.1:{port}"}), "bot")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(connection.run())
        await until(lambda: connection.problem is not None)
        running.cancel()
    assert str(port) in str(connection.problem)
