"""Keeps the NATS server running while the bot does: started again when it dies, ended last.

It is a process group of its own, so that Ctrl-C ends it in its turn. Should the bot be killed, the server may stay
behind; the next start ends it, known by the lock that it has inherited and holds while it lives.
"""

from __future__ import annotations

import asyncio
import fcntl
import importlib.util
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from bot.exclusive import exclusive
from bot.nats_server.identity import Identity
from bot.nats_server.secret_files import write_secret
from config.settings import ENV_PREFIX

log = structlog.get_logger(__name__)

READY_TIMEOUT_S = 20.0  # with a large store on a slow disk
STOP_TIMEOUT_S = 5.0
LEFT_BEHIND_TIMEOUT_S = 5.0  # for each of the two ways to end it
PAUSES_S = (0.2, 10.0)  # before it is started again: the first, the longest
LOOK_S = 0.05
MAX_LINE_BYTES = 65_536
SAID_READY = "Server is ready"


class CannotServe(Exception):
    """The server does not run; the text says why, for people."""


@asynccontextmanager
async def nats_server(identity: Identity) -> AsyncIterator[NatsServer]:
    """It listens inside the block, apart from the moments it takes to start it again.

    Raise CannotServe when it does not at first, and AlreadyRunning when another bot serves from this folder.
    """
    server = NatsServer(identity, server_program())
    with exclusive(identity.folder):
        async with asyncio.TaskGroup() as tasks:
            await server.start(tasks)
            keeping = tasks.create_task(server.keep(tasks))
            try:
                yield server
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})
                await server.stop()


def server_program() -> Path:
    """The one beside this Python before any other. Raise CannotServe."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    found = shutil.which("nats-server", path=beside)
    if found is None or importlib.util.find_spec("nats") is None:
        raise CannotServe("queue.nats.serve needs a server and its client: pip install 'emoteface[scale]'")
    return Path(found)


class NatsServer:
    """See `nats_server`, which makes one."""

    def __init__(self, identity: Identity, program: Path) -> None:
        self._identity = identity
        self._program = program
        self._process: Process | None = None
        self._last_words = ""
        self.problem: str | None = None

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Return once it listens; `tasks` carries its log. Raise CannotServe."""
        folder = self._identity.folder
        config = folder / "server.conf"
        write_secret(config, self._identity.server_config().encode())
        lock = await asyncio.to_thread(_lock_of, folder)
        try:
            self._process = await self._started(config, lock)
        finally:
            os.close(lock)
        self._last_words, ready = "", asyncio.Event()
        reading = tasks.create_task(self._read_log(self._process, ready))
        waiting = tasks.create_task(ready.wait())
        try:
            await asyncio.wait({reading, waiting}, timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not ready.is_set():
            has_ended = reading.done()
            await self.stop()
            raise CannotServe(self._why() if has_ended else f"nats-server is not ready after {READY_TIMEOUT_S:g} s")
        self.problem = None
        log.info("nats_server_started", pid=self._process.pid, port=self._identity.served.port)

    async def keep(self, tasks: asyncio.TaskGroup) -> None:
        """Start it again whenever it has ended, until cancelled."""
        failures, problem, (first, longest) = 0, "", PAUSES_S
        while True:
            began = time.monotonic()
            if self._process:
                await self._process.wait()
            if time.monotonic() - began > longest:
                failures = 0
            self.problem = problem or self._why()
            log.error("nats_server_lost", problem=self.problem)
            await asyncio.sleep(min(first * 2.0 ** min(failures, 10), longest))
            failures += 1
            try:
                await self.start(tasks)
                problem = ""
            except (CannotServe, OSError) as error:  # on a full disk, say
                problem = str(error)

    async def stop(self) -> None:
        """End it, in good order if it can."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            log.warning("nats_server_did_not_end", pid=process.pid, timeout_s=STOP_TIMEOUT_S)
            process.kill()
            await process.wait()

    async def _started(self, config: Path, lock: int) -> Process:
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
        try:
            process = await asyncio.create_subprocess_exec(
                self._program, "--config", str(config),
                stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
                env=environment, process_group=0, pass_fds=(lock,), limit=MAX_LINE_BYTES,
            )  # fmt: skip
        except OSError as error:
            raise CannotServe(f"{self._program} cannot be started: {error.strerror}") from error
        os.pwrite(lock, f"{process.pid:<20}".encode(), 0)
        return process

    async def _read_log(self, process: Process, ready: asyncio.Event) -> None:
        assert process.stderr
        while line := await _line(process.stderr):
            log.debug("nats_server_wrote", line=line.rstrip())
            if SAID_READY in line:
                ready.set()
            if "[FTL]" in line or not line.startswith("["):
                self._last_words = line.rpartition("[FTL] ")[2].strip()

    def _why(self) -> str:
        port = self._identity.served.port
        if "address already in use" in self._last_words:
            return f"port {port} is taken by another program: end it, or give queue.nats.serve another port"
        if "permission denied" in self._last_words and "listen" in self._last_words:
            return f"port {port} may not be used by this user: take one above 1023 in queue.nats.serve"
        code = self._process.returncode if self._process else None
        words = f": {self._last_words}" if self._last_words else ""
        return f"nats-server ended (exit code {code}){words}"


async def _line(stream: asyncio.StreamReader) -> str:
    """The next one, with its end; an overlong one is left out."""
    try:
        return (await stream.readline()).decode(errors="replace")
    except ValueError:
        return "\n"


def _lock_of(folder: Path) -> int:
    """The lock that a server holds while it lives; one that a killed bot has left behind is ended for it."""
    lock = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    for how in (None, signal.SIGTERM, signal.SIGKILL):
        if how is not None:
            with suppress(ValueError, ProcessLookupError, PermissionError):
                os.kill(int(os.pread(lock, 20, 0)), how)
                log.warning("nats_server_left_behind", signal=how.name)
        if _locked(lock, 0.0 if how is None else LEFT_BEHIND_TIMEOUT_S):
            return lock
    os.close(lock)
    raise CannotServe("the nats-server of an earlier run does not end")


def _locked(lock: int, timeout_s: float) -> bool:
    give_up_at = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(LOOK_S)
        else:
            return True
