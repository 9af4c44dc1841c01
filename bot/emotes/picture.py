"""From an emote to its normalised picture, wherever it comes from."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.decode.decoder import Decoder
from bot.emotes.download import Downloader
from bot.emotes.library import PictureUrls
from bot.emotes.picture_files import KEEP_AT_MOST_S, PictureFiles
from bot.emotes.unicode import UnicodeCatalogue
from bot.emotes.uploads import Uploads
from bot.errors import DownloadFailed, FaceError, PictureTooLarge
from bot.models import Emote, EmoteSource
from inference.protocol import Picture

CACHE_BYTES = 32_000_000


@dataclass(slots=True)
class _Flight:
    """One fetch that several askers wait for; the first writes down how it ended for the others."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    askers: int = 0
    outcome: Picture | FaceError | None = None


@dataclass(frozen=True, slots=True)
class PictureSources:
    """Where pictures come from."""

    downloader: Downloader
    uploads: Uploads
    unicode: UnicodeCatalogue
    urls: PictureUrls

    async def file(self, emote: Emote) -> bytes:
        """Raise an EmoteUnavailable that fits."""
        if emote.source is EmoteSource.UPLOAD:
            return self.uploads.get(emote.id)
        if emote.source is EmoteSource.UNICODE:
            if (path := self.unicode.picture_path(emote.id)) is None:
                raise DownloadFailed  # stored under graphics that are not installed any more
            return await asyncio.to_thread(path.read_bytes)
        return await self._download(self.urls[emote.source](emote))

    async def _download(self, urls: Sequence[str]) -> bytes:
        """The first; where that is missing or too large, the next smaller one."""
        if not urls:
            raise DownloadFailed
        for url in urls[:-1]:
            with suppress(DownloadFailed, PictureTooLarge):
                return await self.downloader.fetch(url)
        return await self.downloader.fetch(urls[-1])


class PictureFetcher:
    """Fetches each emote's picture once and keeps it a while, in memory and in `files`; an id always means the same
    picture. People's own pictures are not kept at all. What is composed of several emotes comes from
    `bot.emotes.compose`.
    """

    def __init__(
        self,
        decoder: Decoder,
        sources: PictureSources,
        files: PictureFiles,
        *,
        cache_bytes: int = CACHE_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._decoder = decoder
        self._sources = sources
        self._files = files
        self._cache = _PictureCache(cache_bytes, clock)
        self._flights: dict[Emote, _Flight] = {}
        self._disk = asyncio.Lock()

    async def open(self) -> None:
        """Learn which pictures an earlier run has kept."""
        async with self._disk:
            await asyncio.to_thread(self._files.open)

    async def sweep(self) -> int:
        """Delete what may not be kept any longer; return how many pictures."""
        self._cache.sweep()
        async with self._disk:
            return await asyncio.to_thread(self._files.sweep)

    async def fetch(self, emote: Emote) -> Picture:
        """Raise an EmoteUnavailable that fits, or Busy."""
        emote = emote.alone
        if emote.source.is_private:
            return await self._decoder.decode(await self._sources.file(emote))
        return self._cache.get(emote) or await self._fetch_once(emote)

    async def _fetch_once(self, emote: Emote) -> Picture:
        """Join the flight of this emote. If its pilot is cancelled, the next asker in line takes over."""
        flight = self._flights.setdefault(emote, _Flight())
        flight.askers += 1
        try:
            async with flight.lock:
                if flight.outcome is None:
                    flight.outcome = await self._outcome(emote)
        finally:
            flight.askers -= 1
            over = flight.askers == 0 or flight.outcome is not None
            if over and self._flights.get(emote) is flight:
                del self._flights[emote]
        if isinstance(flight.outcome, FaceError):
            raise flight.outcome
        return flight.outcome

    async def _outcome(self, emote: Emote) -> Picture | FaceError:
        on_disk = emote.source is not EmoteSource.UNICODE  # those are on disk already
        if on_disk and (kept := await self._kept(emote)):
            return kept
        try:
            picture = await self._decoder.decode(await self._sources.file(emote))
        except FaceError as error:
            return error
        self._cache.put(emote, picture)
        if on_disk:
            async with self._disk:
                await asyncio.to_thread(self._files.put, emote, picture)
        return picture

    async def _kept(self, emote: Emote) -> Picture | None:
        """From an earlier run, or pushed out of memory. It stays on disk alone: there its age is known."""
        async with self._disk:
            return await asyncio.to_thread(self._files.get, emote)


class _PictureCache:
    """Least recently used pictures make room; what a source's terms forbid to keep for long goes in time."""

    def __init__(self, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._pictures: OrderedDict[Emote, tuple[Picture, float]] = OrderedDict()
        self._size_bytes = 0

    def get(self, emote: Emote) -> Picture | None:
        picture, put_at = self._pictures.get(emote, (None, 0.0))
        if picture is None or self._is_too_old(emote, put_at):
            return None
        self._pictures.move_to_end(emote)
        return picture

    def put(self, emote: Emote, picture: Picture) -> None:
        self._drop(emote)
        self._pictures[emote] = picture, self._clock()
        self._size_bytes += _size_bytes(picture)
        while self._size_bytes > self._max_bytes:
            self._drop(next(iter(self._pictures)))

    def sweep(self) -> None:
        for emote in [emote for emote, (_, put_at) in self._pictures.items() if self._is_too_old(emote, put_at)]:
            self._drop(emote)

    def _is_too_old(self, emote: Emote, put_at: float) -> bool:
        return self._clock() - put_at >= KEEP_AT_MOST_S.get(emote.source, math.inf)

    def _drop(self, emote: Emote) -> None:
        if (old := self._pictures.pop(emote, None)) is not None:
            self._size_bytes -= _size_bytes(old[0])


def _size_bytes(picture: Picture) -> int:
    return sum(len(frame.rgba) for frame in picture.frames)
