"""Has charts drawn by a process of their own, so that the bot neither waits for the library nor keeps it in memory."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import structlog

from bot.decode.process import child_environment
from bot.stats.chart import Chart

log = structlog.get_logger(__name__)

_TIMEOUT_S = 60.0  # one to two seconds of work, and some more where the fonts were never looked through
_MAX_WAITING = 8


class PlotFailed(Exception):
    """There is no picture this time."""


class Plotter:
    """Draws one at a time."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def draw(self, chart: Chart) -> bytes:
        """The PNG. Raise PlotFailed."""
        if self._waiting >= _MAX_WAITING:
            raise PlotFailed("too many at once")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._drawn(json.dumps(chart.to_json()).encode())
        finally:
            self._waiting -= 1

    async def _drawn(self, chart: bytes) -> bytes:
        environment = child_environment() | {"MPLCONFIGDIR": str(self._cache_dir.resolve())}
        command = (sys.executable, "-P", "-s", "-m", "bot.stats")
        child = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, process_group=0
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                picture, complaint = await child.communicate(chart)
        except TimeoutError as error:
            raise PlotFailed(f"not drawn within {_TIMEOUT_S} s") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0 or not picture.startswith(b"\x89PNG"):
            log.error("stats_not_drawn", returncode=child.returncode, error=_last_line(complaint))
            raise PlotFailed(f"exit code {child.returncode}")
        return picture


def _last_line(text: bytes) -> str:
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
