"""The supervisor's end of one inference child: start it, give it batches, end it."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

import structlog

from config.settings import ENV_PREFIX, InferenceSettings
from inference.framing import FramingError, pack_message, receive_message
from inference.protocol import FaceOutcome, Style, outcome_from_bytes
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-m", "inference", "child")
KILL_TIMEOUT_S = 5.0
LAST_WORDS_S = 1.0
MAX_LINE_BYTES = 2000
READ_BYTES = 65_536


class ChildUnavailable(Exception):
    """The child cannot be started; the text says why, for people."""


class ChildLost(Exception):
    """The child died or broke its protocol while it had a batch."""


class ChildHung(Exception):
    """The child did not answer a batch in time."""


class ChildProcess:
    """A started and warmed-up child. One batch at a time; after ChildLost or ChildHung only `kill` makes sense."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._log_task: asyncio.Task[None] | None = None
        self.model_ids: Mapping[Style, str] = {}
        self.seconds_per_cost = math.inf

    @classmethod
    async def start(cls, settings: InferenceSettings, tasks: asyncio.TaskGroup) -> Self:
        """Start a child and wait until it has drawn its first picture; `tasks` carries its log.

        Raise ChildUnavailable when it cannot, or takes longer than `start_timeout_s`.
        """
        # The settings go through the pipe; the environment may hold tokens, which a child has no use for.
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(ENV_PREFIX)}
        try:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, process_group=0
            )
        except OSError as error:
            raise ChildUnavailable(f"the inference process cannot be started: {error.strerror}") from error
        child = cls(process)
        child._log_task = tasks.create_task(child._forward_log())
        try:
            async with asyncio.timeout(settings.start_timeout_s):
                await child._shake_hands(settings)
        except TimeoutError:
            await child.kill()
            raise ChildUnavailable(
                f"the inference process was not ready after {settings.start_timeout_s:g} s"
            ) from None
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def draw(self, jobs: Sequence[bytes], timeout_s: float) -> list[FaceOutcome]:
        """One outcome for each of the packed jobs, in order. Raise ChildLost or ChildHung."""
        message = pack_message(jobs)
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(message)
                outcomes = [outcome_from_bytes(part) for part in await receive_message(self._stdout)]
        except TimeoutError:
            raise ChildHung(f"no answer for {timeout_s:g} s") from None
        except (OSError, FramingError, ProtocolError) as error:
            raise ChildLost(str(error)) from error
        return outcomes

    async def unexpected(self) -> None:
        """Return when the child, which has nothing to do, dies or says something: it is of no use any more."""
        await self._stdout.read(1)

    async def end(self, timeout_s: float) -> None:
        """Let an idle child end by itself, then make it."""
        self._stdin.close()
        try:
            async with asyncio.timeout(timeout_s):
                await self._drained()
        except TimeoutError:
            log.warning("inference_child_did_not_end", pid=self.pid, timeout_s=timeout_s)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End the child and everything it started, and wait for it."""
        with suppress(ProcessLookupError):
            if self.alive:
                os.killpg(self.pid, signal.SIGKILL)
        self._stdin.close()
        try:
            async with asyncio.timeout(KILL_TIMEOUT_S):
                await self._drained()
        except TimeoutError:
            log.exception("inference_child_unkillable", pid=self.pid)
        if self._log_task:
            self._log_task.cancel()

    async def _shake_hands(self, settings: InferenceSettings) -> None:
        try:
            await self._send(pack_message([settings.model_dump_json().encode()]))
            (part,) = await receive_message(self._stdout)
            hello = json.loads(part)
            if "problem" in hello:
                raise ChildUnavailable(hello["problem"])
            self.model_ids = {Style(style): str(model_id) for style, model_id in hello["model_ids"].items()}
            self.seconds_per_cost = float(hello["seconds_per_cost"])
        except (OSError, FramingError, ValueError, KeyError, TypeError, AttributeError) as error:
            await self.end(LAST_WORDS_S)
            code = self._process.returncode
            raise ChildUnavailable(f"the inference process ended while starting (exit code {code})") from error
        log.info("inference_child_started", **hello)

    async def _send(self, message: bytes) -> None:
        self._stdin.write(message)
        await self._stdin.drain()

    async def _drained(self) -> None:
        """asyncio reports the end of a process only once its pipes are read to their end."""
        while await self._stdout.read(READ_BYTES):
            pass
        await self._process.wait()

    async def _forward_log(self) -> None:
        """The child's lines, as events of ours; overlong ones are cut."""
        rest = b""
        while data := await self._stderr.read(READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[:MAX_LINE_BYTES]
            self._log_lines(lines)
        self._log_lines([rest])

    def _log_lines(self, lines: Sequence[bytes]) -> None:
        for line in filter(None, lines):
            log.info("inference_child_wrote", pid=self.pid, line=line[:MAX_LINE_BYTES].decode(errors="replace"))
