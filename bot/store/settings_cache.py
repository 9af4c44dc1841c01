"""Settings of scopes kept in memory for a while, so that a question need not read them from the database.

Whoever changes them here is seen at once. Of changes by other processes that share the database `Others` tells, and how
long something may be kept without its word.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Protocol

from bot.store.audit import AuditEntry
from bot.store.scope_settings import ScopeSettings, StoredSetting

MAX_KEPT = 20_000  # places, each with the few values that were set there

_Place = tuple[tuple[str, ...], tuple[str, ...]]


class Others(Protocol):
    """The other processes with the same database."""

    @property
    def keep_s(self) -> float:
        """How long what was read may be kept: 0 while word of changes would not get here."""
        ...

    def listen(self, heard: Callable[[str | None], None]) -> None:
        """Call it with the scope that somebody else has changed; with None when word of any may have been missed."""
        ...

    async def tell(self, scope_id: str) -> None:
        """This scope was changed here. Never fails: who cannot be told now is told later."""
        ...


class Unheard:
    """Others who say nothing: processes beside this one, and the operator's commands in a terminal."""

    keep_s = 1.0

    def listen(self, heard: Callable[[str | None], None]) -> None:
        """There is nothing to hear."""

    async def tell(self, scope_id: str) -> None:
        """They find out by themselves."""


class CachedSettings:
    """`ScopeSettings`, with the latest reads kept."""

    def __init__(
        self,
        stored: ScopeSettings,
        others: Others,
        *,
        whole_instance: str,
        clock: Callable[[], float] = time.monotonic,
        max_kept: int = MAX_KEPT,
    ) -> None:
        """A change of the scope `whole_instance` is one of all. `clock` gives seconds that never jump."""
        self._stored = stored
        self._others = others
        self._whole_instance = whole_instance
        self._clock = clock
        self._max_kept = max_kept
        self._kept: OrderedDict[_Place, tuple[list[StoredSetting], float]] = OrderedDict()
        self._changes = 0
        others.listen(self._changed)

    async def find(self, scope_ids: Collection[str], channel_ids: Collection[str]) -> list[StoredSetting]:
        """As `ScopeSettings.find`."""
        if not (keep_s := self._others.keep_s):
            return await self._stored.find(scope_ids, channel_ids)
        place, now = (tuple(scope_ids), tuple(channel_ids)), self._clock()
        rows, until = self._kept.get(place, ([], now))
        if until > now:
            self._kept.move_to_end(place)
            return rows
        changes = self._changes
        rows = await self._stored.find(scope_ids, channel_ids)
        if changes == self._changes:  # or they may be what was there before
            self._kept[place] = (rows, now + keep_s)
            self._kept.move_to_end(place)
            if len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
        return rows

    async def all(self, scope_id: str) -> list[StoredSetting]:
        """As `ScopeSettings.all`, from the database."""
        return await self._stored.all(scope_id)

    async def set(self, setting: StoredSetting, entry: AuditEntry) -> None:
        """As `ScopeSettings.set`."""
        try:
            await self._stored.set(setting, entry)
        finally:  # what failed may have been written nevertheless
            self._changed(setting.scope_id)
        await self._others.tell(setting.scope_id)

    async def remove(self, setting: StoredSetting, entry: AuditEntry) -> None:
        """As `ScopeSettings.remove`."""
        try:
            await self._stored.remove(setting, entry)
        finally:
            self._changed(setting.scope_id)
        await self._others.tell(setting.scope_id)

    def _changed(self, scope_id: str | None) -> None:
        self._changes += 1
        if scope_id is None or scope_id == self._whole_instance:
            self._kept.clear()
            return
        for place in [place for place in self._kept if scope_id in place[0]]:
            del self._kept[place]
