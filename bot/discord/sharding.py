"""Which part of the servers is this process's: Discord sends each server's events to one shard.

Knows no library, so that the rest of the program can ask it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.models import Origin, Platform
from config.settings import DiscordSettings


@dataclass(frozen=True, slots=True)
class ShardRange:
    """`count` over all processes and the `ids` of this one; without a count Discord chooses, and all are this one's."""

    count: int | None = None
    ids: tuple[int, ...] = ()

    @classmethod
    def of(cls, settings: DiscordSettings) -> ShardRange:
        """All ids of a count given without any are the same as none given."""
        ids = settings.shard_ids or ()
        return cls(settings.shard_count, () if len(ids) == settings.shard_count else tuple(sorted(ids)))

    @property
    def share(self) -> float:
        """This process's part of what Discord allows the bot as a whole."""
        return len(self.ids) / self.count if self.ids and self.count else 1.0

    @property
    def is_part(self) -> bool:
        """Other processes have the rest."""
        return bool(self.ids)

    @property
    def is_first(self) -> bool:
        """What is done once for all processes is done here: shard 0 gets direct messages too."""
        return not self.ids or 0 in self.ids

    def owns(self, origin: Origin) -> bool:
        """Whether this process takes up what was asked there when it was left unfinished."""
        if origin.platform is not Platform.DISCORD:
            return self.is_first
        return not self.ids or shard_of(origin.scope_id, self.count or 1) in self.ids


def shard_of(scope_id: str, count: int) -> int:
    """https://docs.discord.com/developers/events/gateway#sharding"""
    return (int(scope_id) >> 22) % count if scope_id.isdecimal() else 0


def locks_of(shards: ShardRange) -> Collection[str]:
    """Names of what no two processes may have at once."""
    return [f"shard-{shard_id}" for shard_id in shards.ids]
