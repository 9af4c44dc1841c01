"""The overlays of all scopes: their addresses, and what wakes those who look at one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from cachetools import TTLCache
from ulid import ULID

from bot.events import Changes, Watch
from bot.guessing.round import GuessRound
from bot.stage.face import StagedFace
from bot.store.audit import AuditEntry
from bot.store.overlays import OverlaySecrets

TEST_S = 60.0  # how long a test is shown to overlays that come later
MAX_TESTED = 1000  # scopes


@dataclass(frozen=True, slots=True)
class Test:
    """A face that is shown for trying out."""

    id: str
    at: float


class Overlays:
    """One per process. It listens to the stage, to the settings and to the game, and remembers nothing of them: who is
    woken looks at what there is to see now."""

    def __init__(self, secrets: OverlaySecrets, *, clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._clock = clock
        self._changes = Changes()
        self._tests: TTLCache[str, Test] = TTLCache(MAX_TESTED, TEST_S, timer=clock)

    async def secret_of(self, scope_id: str) -> str:
        """The scope's secret, made when it is first asked for. The caller has made sure that it may be shown."""
        return await self._secrets.of(scope_id)

    async def rotate(self, scope_id: str) -> str:
        """Another secret; overlays that were opened with the old one are cut off."""
        secret = await self._secrets.rotate(scope_id)
        self._changes.announce(scope_id)
        return secret

    async def scope_of(self, secret: str) -> str | None:
        """Whose secret it is; None for one that is nobody's (any more)."""
        return await self._secrets.scope_of(secret)

    def test(self, scope_id: str) -> int:
        """Show a face for trying out; returns on how many overlays that are open in this process."""
        self._tests[scope_id] = Test(str(ULID()), self._clock())
        self._changes.announce(scope_id)
        return self._changes.watched(scope_id)

    def tested(self, scope_id: str) -> Test | None:
        """The newest test that is still to be shown."""
        return self._tests.get(scope_id)

    def watching(self, scope_id: str) -> AbstractContextManager[Watch]:
        """Be woken by whatever changes on this scope's overlay."""
        return self._changes.watching(scope_id)

    def watched(self, scope_id: str) -> int:
        """How many overlays of this scope are open in this process."""
        return self._changes.watched(scope_id)

    async def shown(self, face: StagedFace) -> None:
        """See `bot.stage.watching.StageListener`."""
        self._changes.announce(face.origin.scope_id)

    async def hidden(self, face: StagedFace) -> None:
        """See `bot.stage.watching.StageListener`."""
        self._changes.announce(face.origin.scope_id)

    def setting_changed(self, entry: AuditEntry) -> None:
        """For `Policy.watch`."""
        self._changes.announce(entry.scope_id)

    def round_changed(self, round_: GuessRound) -> None:
        """For `Game.watch`."""
        self._changes.announce(round_.origin.scope_id)


def overlay_url(site_url: str, secret: str) -> str:
    """Where the overlay with this secret is, on the site at `site_url`."""
    return f"{site_url.rstrip('/')}/overlay/{secret}"
