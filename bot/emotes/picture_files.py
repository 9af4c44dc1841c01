"""Emotes' pictures on disk, as they came out of the decoder: small, safe, and gone without loss.

A file is written beside its place and moved there when it is whole. One that a crash or the disk has damaged does not
unpack, is deleted, and the picture fetched anew.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import struct
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.decode.wire import MAX_FRAMES_BYTES, REPLY, Status, picture_of, reply
from bot.models import Emote, EmoteSource
from inference.protocol import Picture
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

FORMAT = "1"  # goes up when the decoder makes other pixels of the same file
KEEP_AT_MOST_S: Mapping[EmoteSource, float] = {EmoteSource.TWITCH: 24 * 3600.0}
"""Twitch's developer agreement allows a day."""


@dataclass(frozen=True, slots=True)
class _Kept:
    source: EmoteSource
    size_bytes: int
    written_at: float


class PictureFiles:
    """At most `max_bytes`; the pictures not used for the longest time make room. Not for several tasks at once.

    All methods block for a disk access and none raises for what the disk does: it is only a cache.
    """

    def __init__(self, directory: Path, max_bytes: int, *, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory / FORMAT
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: OrderedDict[Path, _Kept] = OrderedDict()
        self._size_bytes = 0

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return self._size_bytes

    def open(self) -> None:
        """Learn what is there; call it first. Half-written files go, and what another version of the program kept."""
        for folder in self._directory.parent.glob("*"):
            if folder != self._directory:
                shutil.rmtree(folder, ignore_errors=True)
        for partial in self._directory.glob("*/*.partial"):
            _unlink(partial)
        found: list[tuple[float, Path, _Kept]] = []
        for source in EmoteSource:
            for path in (self._directory / source.value).glob("*.picture"):
                with suppress(OSError):
                    stat = path.stat()
                    found.append((stat.st_atime, path, _Kept(source, stat.st_size, stat.st_mtime)))
        for _, path, kept in sorted(found, key=lambda each: each[0]):
            self._note(path, kept)
        self.sweep()

    def get(self, emote: Emote) -> Picture | None:
        """The picture, if it is here, young enough and undamaged."""
        path = self._path(emote)
        kept = self._kept.get(path)
        if kept is None:
            return None
        if self._is_too_old(kept):
            self._forget(path)
            return None
        try:
            picture = _unpacked(path.read_bytes())
            os.utime(path, (self._clock(), kept.written_at))  # for the next start: who was used last
        except (OSError, ProtocolError) as error:
            log.warning("kept_picture_lost", source=emote.source, error=type(error).__name__)
            self._forget(path)
            return None
        self._kept.move_to_end(path)
        return picture

    def put(self, emote: Emote, picture: Picture) -> None:
        """Keep it from now on."""
        content = zlib.compress(reply(Status.OK, picture), 1)
        if len(content) > self._max_bytes:
            return
        path = self._path(emote)
        partial = path.with_suffix(".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            partial.replace(path)
        except OSError as error:
            log.warning("picture_not_kept", source=emote.source, error=type(error).__name__)
            _unlink(partial)
            return
        self._note(path, _Kept(emote.source, len(content), self._clock()))
        self._make_room()

    def sweep(self) -> int:
        """Delete what may not be kept any longer; return how many."""
        old = [path for path, kept in self._kept.items() if self._is_too_old(kept)]
        for path in old:
            self._forget(path)
        self._make_room()
        return len(old)

    def _is_too_old(self, kept: _Kept) -> bool:
        return self._clock() - kept.written_at >= KEEP_AT_MOST_S.get(kept.source, math.inf)

    def _make_room(self) -> None:
        while self._size_bytes > self._max_bytes:
            self._forget(next(iter(self._kept)))

    def _note(self, path: Path, kept: _Kept) -> None:
        if (old := self._kept.pop(path, None)) is not None:
            self._size_bytes -= old.size_bytes
        self._kept[path] = kept
        self._size_bytes += kept.size_bytes

    def _forget(self, path: Path) -> None:
        self._size_bytes -= self._kept.pop(path).size_bytes
        _unlink(path)

    def _path(self, emote: Emote) -> Path:
        """Ids come from outside: what becomes a file name is their hash."""
        name = hashlib.sha256(f"{emote.id} {emote.animated}".encode()).hexdigest()
        return self._directory / emote.source.value / f"{name}.picture"


def _unpacked(content: bytes) -> Picture:
    """Raise ProtocolError for anything but what `put` wrote."""
    inflater = zlib.decompressobj()
    try:
        message = inflater.decompress(content, REPLY.size + MAX_FRAMES_BYTES + 1)
        status, width_px, height_px, length = REPLY.unpack_from(message)
    except (zlib.error, struct.error) as error:
        raise ProtocolError("not a kept picture") from error
    frames = message[REPLY.size :]
    if not inflater.eof or status != Status.OK or len(frames) != length:
        raise ProtocolError("half a kept picture")
    return picture_of((width_px, height_px), frames)


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
