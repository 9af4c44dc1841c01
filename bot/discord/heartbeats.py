"""The library's heartbeats: one thread for every connection to the gateway, which beats on the loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

import discord
from discord.gateway import KeepAliveHandler


async def end_heartbeats(client: discord.Client, *, timeout_s: float) -> None:
    """Wait until none is left, so that none wakes up when the loop is gone, which is a traceback and a leaked thread.

    The library tells its threads to stop and does not wait for them, and forgets those of connections that were given
    up before they had identified themselves.
    """
    threads = [each for each in threading.enumerate() if isinstance(each, KeepAliveHandler) and _belongs(each, client)]
    for thread in threads:
        thread.stop()
    await asyncio.to_thread(_join, threads, timeout_s)  # not here: a thread that beats right now needs the loop


def _belongs(thread: KeepAliveHandler, client: discord.Client) -> bool:
    return thread.ws._connection is client._connection


def _join(threads: Iterable[threading.Thread], timeout_s: float) -> None:
    end_at = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, end_at - time.monotonic()))
