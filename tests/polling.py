"""Waiting for something that happens elsewhere, without assuming how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 60  # a busy machine is not a defect


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.002)
