"""Notes what mirroring channels are to show; posting it is the platform's part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from bot.stage.face import StagedFace
from bot.store.mirror_posts import MirrorPost, MirrorPosts
from bot.store.mirrors import Mirrors
from bot.texts import Text

log = structlog.get_logger(__name__)

MIRRORED = Text("It is on our Discord now.")
CATCH_UP_S = 900.0  # older faces are no news


class Shows(Protocol):
    """`bot.stage.stage.Stage`."""

    async def recent(self, scope_id: str, since: float) -> list[StagedFace]: ...


class Mirror:
    """Listens to the stage (`bot.stage.watching.StageListener`). What it notes lies in the store, so that every process
    may note it, one posts it, and a restart forgets nothing."""

    def __init__(
        self, mirrors: Mirrors, posts: MirrorPosts, stage: Shows, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._mirrors = mirrors
        self._posts = posts
        self._stage = stage
        self._clock = clock
        self.noted = asyncio.Event()
        """Set when there is something to do; whoever does it clears it."""

    async def shown(self, face: StagedFace) -> None:
        """To be posted wherever its channel is linked to, unless that was linked later."""
        for link in await self._mirrors.of_twitch(face.origin.scope_id):
            post = MirrorPost(face.request_id, link.channel_id, link.from_scope_id, link.scope_id, self._clock())
            if face.at >= link.linked_at and await self._posts.add(post):
                self.noted.set()

    async def hidden(self, face: StagedFace) -> None:
        """To be removed wherever it is."""
        if await self._posts.hide(face.request_id):
            self.noted.set()

    async def sight(self, scope_id: str) -> Text | None:
        """Whether its faces can be seen in a mirror: then, in words, where."""
        return MIRRORED if await self._mirrors.of_twitch(scope_id) else None

    async def catch_up(self) -> None:
        """What came and went while nobody listened."""
        hidden = await self._posts.hide_hidden()
        since = self._clock() - CATCH_UP_S
        for scope_id in await self._mirrors.linked():
            for face in await self._stage.recent(scope_id, since):
                await self.shown(face)
        log.info("mirror_caught_up", hidden=hidden)
