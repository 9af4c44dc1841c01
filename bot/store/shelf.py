"""Where finished faces lie as bytes: a folder of this machine, or a bucket that several share (`bot.store.bucket`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from config.store import PicturesSettings


class Shelf(Protocol):
    """Files by names like `A3/01J…A3.webp`. Raise OSError when they cannot be got at."""

    async def put(self, name: str, content: bytes) -> None:
        """Written whole and for good when this returns; over what was there."""
        ...

    async def get(self, name: str) -> bytes | None:
        """None when there is no such file."""
        ...

    async def delete(self, names: Sequence[str]) -> None:
        """Those of them that are there."""
        ...

    async def delete_older(self, written_before: float) -> int:
        """Everything last written before this Unix time; return how many went."""
        ...


def open_shelf(settings: PicturesSettings, folder: Path) -> Shelf:
    """The configured bucket, else this folder; ValueError without the library that buckets need."""
    if settings.url is None:
        return Folder(folder)
    try:
        from bot.store.bucket import Bucket  # loads a library that only `emoteface[scale]` has
    except ModuleNotFoundError:
        raise ValueError("pictures.url needs a library: pip install 'emoteface[scale]'") from None
    return Bucket.of(settings)


class Folder:
    """Made with the first file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(_write_atomically, self._path / name, content)

    async def get(self, name: str) -> bytes | None:
        try:
            return await asyncio.to_thread((self._path / name).read_bytes)
        except FileNotFoundError:
            return None

    async def delete(self, names: Sequence[str]) -> None:
        await asyncio.to_thread(_unlink_all, [self._path / name for name in names])

    async def delete_older(self, written_before: float) -> int:
        return await asyncio.to_thread(_unlink_older, self._path, written_before)


def _write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, survives a power cut
    finally:
        os.close(folder)


def _unlink_all(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _unlink_older(directory: Path, changed_before: float) -> int:
    gone = 0
    for path in directory.glob("*/*"):
        try:
            if path.stat().st_mtime < changed_before:
                path.unlink()
                gone += 1
        except FileNotFoundError:  # another process sweeps the same directory
            continue
    return gone
