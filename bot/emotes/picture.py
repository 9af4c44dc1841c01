"""From an emote to its normalised picture, wherever it comes from."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.decode.decoder import Decoder
from bot.emotes.download import Downloader
from bot.emotes.library import PictureUrls
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


class PictureFetcher:
    """Fetches each emote's picture once and keeps it a while; an id always means the same picture.

    Uploads are not kept here: they have their own bound. What is composed of several emotes comes from
    `bot.emotes.compose`.
    """

    def __init__(
        self,
        decoder: Decoder,
        downloader: Downloader,
        uploads: Uploads,
        unicode: UnicodeCatalogue,
        *,
        urls: PictureUrls,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._decoder = decoder
        self._downloader = downloader
        self._uploads = uploads
        self._unicode = unicode
        self._urls = urls
        self._cache = _PictureCache(cache_bytes)
        self._flights: dict[Emote, _Flight] = {}

    async def fetch(self, emote: Emote) -> Picture:
        """Raise an EmoteUnavailable that fits, or Busy."""
        if emote.source is EmoteSource.UPLOAD:
            return await self._decoder.decode(self._uploads.get(emote.id))
        emote = emote.alone
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
        try:
            picture = await self._decoder.decode(await self._file(emote))
        except FaceError as error:
            return error
        self._cache.put(emote, picture)
        return picture

    async def _file(self, emote: Emote) -> bytes:
        if urls_of := self._urls.get(emote.source):
            return await self._download(urls_of(emote))
        if (path := self._unicode.picture_path(emote.id)) is None:
            raise DownloadFailed  # stored under graphics that are not installed any more
        return await asyncio.to_thread(path.read_bytes)

    async def _download(self, urls: Sequence[str]) -> bytes:
        """The first; where it is missing or too large, the next smaller one."""
        for url in urls[:-1]:
            with suppress(DownloadFailed, PictureTooLarge):
                return await self._downloader.fetch(url)
        return await self._downloader.fetch(urls[-1])


class _PictureCache:
    """Least recently used pictures make room."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pictures: OrderedDict[Emote, Picture] = OrderedDict()
        self._size_bytes = 0

    def get(self, emote: Emote) -> Picture | None:
        if (picture := self._pictures.get(emote)) is not None:
            self._pictures.move_to_end(emote)
        return picture

    def put(self, emote: Emote, picture: Picture) -> None:
        if (old := self._pictures.pop(emote, None)) is not None:
            self._size_bytes -= _size_bytes(old)
        self._pictures[emote] = picture
        self._size_bytes += _size_bytes(picture)
        while self._size_bytes > self._max_bytes:
            self._size_bytes -= _size_bytes(self._pictures.popitem(last=False)[1])


def _size_bytes(picture: Picture) -> int:
    return sum(len(frame.rgba) for frame in picture.frames)
