"""Finished faces: files in a directory, an index in the database, bounded by age and bytes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import FacePicture
from bot.store.requests import STATEMENT_TIMEOUT_S
from bot.store.tables import picture as table
from inference.protocol import FaceResult

_SWEEP_BATCH = 500


class PictureStore:
    """Pictures by id (the id of the request they answer). All files are called `.webp`, GIF or not: content tells."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self._engine = engine
        self._directory = directory

    async def save(self, picture_id: str, result: FaceResult, now: float) -> FacePicture:
        """Write the file, then the index, so that an indexed picture always has its file. Saving again is harmless."""
        await asyncio.to_thread(_write_atomically, self._path(picture_id), result.picture)
        row = {
            "id": picture_id,
            "key": result.key,
            "width_px": result.width_px,
            "height_px": result.height_px,
            "size_bytes": len(result.picture),
            "created_at": now,
        }
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(table).where(table.c.id == picture_id))
            await connection.execute(insert(table).values(row))
        return FacePicture(picture_id, result.picture, result.width_px, result.height_px)

    async def load(self, picture_id: str) -> FacePicture | None:
        """The picture, or None when it never was or is swept away."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            row = (await connection.execute(select(table).where(table.c.id == picture_id))).one_or_none()
        if row is None:
            return None
        try:
            content = await asyncio.to_thread(self._path(row.id).read_bytes)
        except FileNotFoundError:
            return None
        return FacePicture(row.id, content, row.width_px, row.height_px)

    async def sweep(self, created_before: float, max_bytes: int) -> int:
        """Delete what is too old, then the oldest until the rest fits `max_bytes`; return how many went."""
        gone = 0
        while rows := await self._excess(created_before, max_bytes):
            ids = [row.id for row in rows]
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                await connection.execute(delete(table).where(table.c.id.in_(ids)))
            await asyncio.to_thread(_unlink_all, [self._path(picture_id) for picture_id in ids])
            gone += len(ids)
        return gone

    async def _excess(self, created_before: float, max_bytes: int) -> list[Row[Any, Any, Any]]:
        oldest = select(table.c.id, table.c.size_bytes, table.c.created_at).order_by(table.c.created_at)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            total = (await connection.execute(select(func.coalesce(func.sum(table.c.size_bytes), 0)))).scalar_one()
            rows = (await connection.execute(oldest.limit(_SWEEP_BATCH))).all()
        excess: list[Row[Any, Any, Any]] = []
        for row in rows:
            if row.created_at >= created_before and total <= max_bytes:
                break
            total -= row.size_bytes
            excess.append(row)
        return excess

    def _path(self, picture_id: str) -> Path:
        return self._directory / picture_id[-2:] / f"{picture_id}.webp"


def _write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _unlink_all(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
