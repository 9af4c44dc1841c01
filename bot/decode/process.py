"""The parent's hold on one decoder child."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from bot.decode.wire import MAX_FRAMES_BYTES, REPLY, REQUEST, Status, picture_of
from inference.protocol import Picture
from inference.wire import ProtocolError

_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 1.0
_INHERITED = ("LD_LIBRARY_PATH", "LANG", "TZ")  # nothing else: the environment holds the bot's tokens

log = structlog.get_logger(__name__)


class DecoderLost(Exception):
    """The child ended without an answer, or answered nonsense. `returncode` is None when it never came up."""

    def __init__(self, returncode: int | None) -> None:
        super().__init__(f"a decoder ended with {returncode}")
        self.returncode = returncode

    @property
    def from_outside(self) -> bool:
        """Whether somebody ended it (an administrator, the kernel short of memory): the file need not be at fault."""
        return self.returncode in {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use for one file."""

    memory_mb: int
    timeout_s: float
    max_bytes: int


class DecoderProcess:
    """One child, one file at a time. After an exception from `ask` its pipes are in the middle of a frame: kill it."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self.answered = 0

    @classmethod
    async def start(cls, limits: Limits) -> Self:
        """Raise DecoderLost when it does not come up; what it has to say about that is on stderr."""
        arguments = map(str, (limits.memory_mb, limits.timeout_s, limits.max_bytes))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", "-m", "bot.decode", *arguments),
            stdin=PIPE,
            stdout=PIPE,
            env=child_environment(),
            process_group=0,  # Ctrl-C on the terminal is for the parent
        )
        child = cls(process)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await child._reply()
        except BaseException as error:
            child.kill()
            await child.close()
            if isinstance(error, TimeoutError):
                raise DecoderLost(None) from error
            raise
        log.info("decoder_started", pid=child.pid)
        return child

    @property
    def pid(self) -> int:
        """For health and logs."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False as soon as the loop has heard of its end."""
        return self._process.returncode is None

    async def ask(self, content: bytes) -> tuple[Status, Picture | None]:
        """The answer for one file; a picture with Status.OK only. Raise DecoderLost when none comes."""
        try:
            self._stdin.write(REQUEST.pack(len(content)))
            self._stdin.write(content)
            await self._stdin.drain()
        except OSError as error:
            raise DecoderLost(await self._returncode()) from error
        self.answered += 1
        return await self._reply()

    def kill(self) -> None:
        """At once; `close` still has to be awaited."""
        if self.alive:
            self._process.kill()

    async def close(self) -> None:
        """Let it end by itself, shortly, and collect it."""
        self._stdin.close()
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    async def _reply(self) -> tuple[Status, Picture | None]:
        """Whatever is not an answer of ours counts as the child's end."""
        try:
            status, width_px, height_px, length = REPLY.unpack(await self._stdout.readexactly(REPLY.size))
            if length > MAX_FRAMES_BYTES:
                raise ProtocolError("more pixels than a picture has")
            frames = await self._stdout.readexactly(length)
            picture = picture_of((width_px, height_px), frames) if status == Status.OK else None
            return Status(status), picture
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise DecoderLost(await self._returncode()) from error

    async def _returncode(self) -> int | None:
        """Its end, which follows the end of its pipes closely; None when it lives on and has to be killed."""
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                return await self._process.wait()
        except TimeoutError:
            return None


def child_environment() -> dict[str, str]:
    """Enough to import what this process imports, and no secrets."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
