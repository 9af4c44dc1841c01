"""Who and what is not drawn, in one server or everywhere (`EVERYWHERE`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from bot.errors import Blocked, EmoteBlocked, PictureBlocked, TooManyBlocked
from bot.models import Emote, EmoteId, Origin, Platform, Standing
from bot.policy.looks import ALIKE, Looks, blocked_looks_of, digest, distance, from_bytes, looks_of, to_bytes
from bot.policy.settings import EVERYWHERE
from bot.store.audit import AuditEntry
from bot.store.blocks import Block, BlockKind, BlockStore
from inference.protocol import Picture

log = structlog.get_logger(__name__)

MAX_BLOCKED = 1000  # of a kind in a scope: every picture that is drawn is compared with all that are blocked


class BlockedPictures:
    """Those of one server and of the instance, at one moment."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._digests = {block.value for block in blocks}
        self._looks = list(_readable(blocks))

    async def check(self, picture: Picture) -> None:
        """Raise PictureBlocked for one of them, and for what looks like a copy of one."""
        if not self._digests:
            return
        if await asyncio.to_thread(self._has, picture):
            raise PictureBlocked

    def _has(self, picture: Picture) -> bool:
        if digest(picture) in self._digests:
            return True
        looks = looks_of(picture)
        return any(distance(looks, blocked) <= ALIKE for blocked in self._looks)


class Blocking:
    """Checks and changes; whoever calls a change has made sure that this user may."""

    def __init__(
        self,
        blocks: BlockStore,
        *,
        clock: Callable[[], float] = time.time,
        changed: Callable[[AuditEntry], None] = lambda entry: None,
    ) -> None:
        """`changed` hears of every change that was made."""
        self._blocks = blocks
        self._clock = clock
        self._changed = changed

    async def check_asker(self, origin: Origin, standing: Standing) -> None:
        """Raise Blocked."""
        names = [(BlockKind.USER, user_name(origin.platform, origin.user_id))]
        names += [(BlockKind.ROLE, role_id) for role_id in sorted(standing.role_ids)]
        if await self._blocks.any_of((origin.scope_id, EVERYWHERE), names):
            raise Blocked

    async def check_emotes(self, origin: Origin, emotes: Iterable[Emote]) -> None:
        """Raise EmoteBlocked for one that is, or is composed with one that is."""
        parts = {part for emote in emotes for part in emote.parts if not part.source.is_private}
        names = {(BlockKind.EMOTE, emote_name(part)) for part in parts}
        if await self._blocks.any_of((origin.scope_id, EVERYWHERE), names):
            raise EmoteBlocked

    async def emotes(self, scope_id: str) -> frozenset[EmoteId]:
        """Those that are not drawn in the scope."""
        blocks = await self._blocks.all((scope_id, EVERYWHERE), BlockKind.EMOTE)
        names = (block.value.partition(":") for block in blocks)
        return frozenset((source, emote_id) for source, _, emote_id in names)

    async def pictures(self, scope_id: str) -> BlockedPictures:
        """What pictures have to be checked against before they are drawn."""
        return BlockedPictures(await self._blocks.all((scope_id, EVERYWHERE), BlockKind.PICTURE))

    async def listed(self, scope_id: str, kind: BlockKind) -> list[Block]:
        """The scope's own, the newest first."""
        return await self._blocks.all((scope_id,), kind)

    async def block_user(self, scope_id: str, platform: Platform, user_id: str, by_user_id: str) -> None:
        """Raise TooManyBlocked."""
        await self._add(scope_id, BlockKind.USER, user_name(platform, user_id), by_user_id)

    async def block_role(self, scope_id: str, role_id: str, by_user_id: str) -> None:
        """Raise TooManyBlocked."""
        await self._add(scope_id, BlockKind.ROLE, role_id, by_user_id)

    async def block_emote(self, scope_id: str, emote: Emote, by_user_id: str) -> None:
        """The emote of a catalogue itself, not what it is composed with. Raise TooManyBlocked."""
        await self._add(scope_id, BlockKind.EMOTE, emote_name(emote), by_user_id)

    async def block_picture(self, scope_id: str, by_user_id: str, picture: Picture) -> None:
        """The picture and its copies. Raise TooManyBlocked."""
        looks = await asyncio.to_thread(blocked_looks_of, picture)
        await self._add(scope_id, BlockKind.PICTURE, digest(picture), by_user_id, looks)

    async def unblock(self, scope_id: str, kind: BlockKind, value: str, by_user_id: str) -> bool:
        """False when it was not blocked there."""
        entry = AuditEntry(scope_id, by_user_id, self._clock(), "unblocked", {"kind": kind.value, "value": value})
        is_gone = await self._blocks.remove(scope_id, kind, value, entry)
        if is_gone:
            self._changed(entry)
        return is_gone

    async def _add(
        self, scope_id: str, kind: BlockKind, value: str, by_user_id: str, looks: Looks | None = None
    ) -> None:
        if await self._blocks.count(scope_id, kind) >= MAX_BLOCKED:
            raise TooManyBlocked(MAX_BLOCKED)
        now = self._clock()
        stored = None if looks is None else to_bytes(looks)
        entry = AuditEntry(scope_id, by_user_id, now, "blocked", {"kind": kind.value, "value": value})
        await self._blocks.add(Block(scope_id, kind, value, by_user_id, now, stored), entry)
        log.info("blocked", scope_id=scope_id, kind=kind)
        self._changed(entry)


def user_name(platform: Platform, user_id: str) -> str:
    """As blocks of the whole instance need it: ids are a platform's own."""
    return f"{platform}:{user_id}"


def emote_name(emote: Emote) -> str:
    """By its catalogue and id, whatever it is called."""
    return f"{emote.source}:{emote.id}"


def _readable(blocks: Iterable[Block]) -> Iterable[Looks]:
    for block in blocks:
        try:
            if block.looks:
                yield from_bytes(block.looks)
        except ValueError:  # of another version of the program: the exact pixels are still known
            log.warning("blocked_looks_ignored", scope_id=block.scope_id)
