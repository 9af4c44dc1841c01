"""Finished faces: files on a shelf, an index in the database, bounded by age and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import FacePicture
from bot.store.shelf import Shelf
from bot.store.tables import picture as table
from bot.store.tables import staged_face
from bot.store.together import STATEMENT_TIMEOUT_S, Write, together
from bot.store.upsert import put
from inference.protocol import FaceResult

_SWEEP_BATCH = 500
_BY_ID = select(table).where(table.c.id == bindparam("of"))
_IN_GALLERY = exists().where(staged_face.c.request_id == table.c.id, staged_face.c.in_gallery)


@dataclass(frozen=True, slots=True)
class Keep:
    """Which pictures stay: those made since this Unix time, the newest of them that fit."""

    created_since: float
    max_bytes: int


class PictureStore:
    """Pictures by id (the id of the request they answer). All files are called `.webp`, GIF or not: content tells."""

    def __init__(self, engine: AsyncEngine, shelf: Shelf) -> None:
        self._engine = engine
        self._together = together(engine)
        self._put = put(engine, table)
        self._shelf = shelf

    async def save(self, picture_id: str, result: FaceResult, now: float, *beside: Write) -> FacePicture:
        """Write the file, then the index, so that an indexed picture always has its file; what is written `beside` the
        index is committed with it. Saving again is harmless."""
        await self._shelf.put(_name(picture_id), result.picture)
        row = {
            "id": picture_id,
            "key": result.key,
            "width_px": result.width_px,
            "height_px": result.height_px,
            "size_bytes": len(result.picture),
            "created_at": now,
        }
        await self._together.write((self._put, row), *beside)
        return FacePicture(picture_id, result.picture, result.width_px, result.height_px)

    async def load(self, picture_id: str) -> FacePicture | None:
        """The picture, or None when it never was or is swept away."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(_BY_ID, {"of": picture_id})).one_or_none()
        if row is None:
            return None
        content = await self._shelf.get(_name(row.id))
        return None if content is None else FacePicture(row.id, content, row.width_px, row.height_px)

    async def sweep(self, ordinary: Keep, gallery: Keep) -> int:
        """Delete what is too old, then the oldest until the rest fits; return how many went. Pictures in the gallery
        have bounds of their own.

        Also files that a crash left without an entry: a file is never older than its entry.
        """
        gone = 0
        for keep, is_meant in ((ordinary, ~_IN_GALLERY), (gallery, _IN_GALLERY)):
            while rows := await self._excess(keep, is_meant):
                ids = [row.id for row in rows]
                await self.delete(ids)
                gone += len(ids)
        return gone + await self._shelf.delete_older(min(ordinary.created_since, gallery.created_since))

    async def delete(self, picture_ids: Sequence[str]) -> None:
        """Those of them that are there, with their files."""
        for at in range(0, len(picture_ids), _SWEEP_BATCH):
            few = picture_ids[at : at + _SWEEP_BATCH]
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                await connection.execute(delete(table).where(table.c.id.in_(few)))
            await self._shelf.delete([_name(picture_id) for picture_id in few])

    async def _excess(self, keep: Keep, is_meant: ColumnElement[bool]) -> list[Row[Any, Any, Any]]:
        oldest = select(table.c.id, table.c.size_bytes, table.c.created_at).where(is_meant).order_by(table.c.created_at)
        taken = select(func.coalesce(func.sum(table.c.size_bytes), 0)).where(is_meant)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            total = (await connection.execute(taken)).scalar_one()
            rows = (await connection.execute(oldest.limit(_SWEEP_BATCH))).all()
        excess: list[Row[Any, Any, Any]] = []
        for row in rows:
            if row.created_at >= keep.created_since and total <= keep.max_bytes:
                break
            total -= row.size_bytes
            excess.append(row)
        return excess


def _name(picture_id: str) -> str:
    return f"{picture_id[-2:]}/{picture_id}.webp"
