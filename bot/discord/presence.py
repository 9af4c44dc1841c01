"""What stands under the bot's name: whether faces come, and how soon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import discord
import structlog

from bot.discord.link import Link
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES
from bot.texts import Text, counted, say

log = structlog.get_logger(__name__)

_BUSY_FROM_S = 10.0  # less is no news
_STEPS_S = (10, 20, 30, 45, 60, 120, 300, 600)  # an estimate is not more exact, and every change is an event


@dataclass(frozen=True, slots=True)
class Outlook:
    """`draws`: a worker is there. `wait_s`: how long a face asked for now would take, an estimate."""

    draws: bool
    wait_s: float


def described(outlook: Outlook) -> tuple[discord.Status, Text]:
    """The colour of the dot and the words."""
    if not outlook.draws:
        return discord.Status.dnd, Text("asleep: no worker")
    if outlook.wait_s < _BUSY_FROM_S:
        return discord.Status.online, Text("drawing faces")
    about_s = next((step for step in _STEPS_S if outlook.wait_s <= step), _STEPS_S[-1])
    if about_s < 60:
        wait = counted("about {n} second", "about {n} seconds", about_s)
    else:
        wait = counted("about {n} minute", "about {n} minutes", about_s // 60)
    return discord.Status.idle, Text("busy: {wait}", {"wait": wait})


class Presence:
    """Everybody sees the same words, so they are English."""

    def __init__(self, link: Link, outlook: Callable[[], Outlook], pacing: Pacing) -> None:
        self._link = link
        self._outlook = outlook
        self._pacing = pacing

    async def keep(self) -> None:
        """Follow the outlook until cancelled. A new session starts without a presence, so each is told again."""
        shown: tuple[object, ...] | None = None
        while True:
            status, text = described(self._outlook())
            words, client = say(text), self._link.current
            if client is not None and client.is_online:
                wanted = (client, client.sessions, status, words)
                if shown != wanted and await self._show(client, status, words):
                    shown = wanted
            await asyncio.sleep(self._pacing.presence_every_s)

    async def _show(self, client: discord.AutoShardedClient, status: discord.Status, words: str) -> bool:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await client.change_presence(status=status, activity=discord.CustomActivity(words))
        except (discord.ConnectionClosed, *DISCORD_FAILURES) as error:
            log.info("discord_presence_not_shown", error=type(error).__name__)
            return False
        return True
