"""The real program as a process of its own: `emoteface run`, with its log read line by line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120  # processes start slowly on a busy machine
NO_OUTSIDE = {f"emotes.{source}.enabled": "false" for source in ("bttv", "ffz", "seventv")}
Event = dict[str, Any]


class Program:
    """One run. `events` are its log lines as far as they are read."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[Event] = []
        self._pulse = asyncio.Event()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        """Where its page is; known once `web_started` is logged."""
        return f"http://127.0.0.1:{self.first('web_started')['port']}"

    def first(self, name: str) -> Event:
        """The first event of this name so far."""
        return next(event for event in self.events if event.get("event") == name)

    async def logged(self, name: str) -> Event:
        """Wait for an event of this name."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(event.get("event") == name for event in self.events):
                pulse = self._pulse
                if self.process.returncode is not None and not pulse.is_set():
                    raise AssertionError(f"the program ended before it logged {name}: {self.events}")
                await pulse.wait()
        return self.first(name)

    async def ended(self, with_signal: signal.Signals | None = None) -> int:
        """Send a signal if one is given, and wait for the exit code."""
        if with_signal is not None:
            self.process.send_signal(with_signal)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.events.append(_event(line))
            self._wake()
        self._wake()

    def _wake(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()


def altered(*, clock: Path | None = None, protocol: int | None = None) -> dict[str, str]:
    """The environment of a process, and of its children, whose clock is wrong by the seconds in the file `clock`, or
    that speaks another version of the protocol (`tests/fakes/altered`)."""
    given = {"FAKE_CLOCK_FILE": clock, "FAKE_PROTOCOL_VERSION": protocol}
    variables = {name: str(value) for name, value in given.items() if value is not None}
    return variables | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "tests/fakes/altered", ROOT, ROOT / "tests")))}


@asynccontextmanager
async def running_program(
    data_dir: Path,
    settings: Mapping[str, str],
    command: Sequence[str] = ("bot", "run"),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Program]:
    """Start it with `settings` ("web.port": "0") on a free port; whatever is left of it at the end is killed.

    `command` is a module and its arguments; `environment` comes over this process's own.
    """
    given = {"data_dir": str(data_dir), "web.port": "0", "log.format": "json", **NO_OUTSIDE, **settings}
    variables = {f"EMOTEFACE_{name.replace('.', '__').upper()}": value for name, value in given.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EMOTEFACE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command,
        cwd=ROOT,
        env={**inherited, **variables, "PYTHONPATH": str(ROOT / "tests"), **environment},
        stderr=asyncio.subprocess.PIPE,
        limit=1_000_000,
    )  # fmt: skip
    program = Program(process)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(program.read_log())
        try:
            yield program
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await asyncio.wait([reading], timeout=PATIENCE_S)
            reading.cancel()


def _event(line: bytes) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        return {"event": line.decode(errors="replace").strip()}
    return event if isinstance(event, dict) else {"event": str(event)}
