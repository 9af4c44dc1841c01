"""The emotes that faces on an overlay are made of: what is shown of them, and where from.

Emotes of catalogues come from their own sites, so that nothing is re-hosted; emoji come from here, as their licence
allows; of people's own pictures and of stickers there are 16 pixels across, made here.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from cachetools import LRUCache
from PIL import Image
from yarl import URL

from bot.emotes.library import PictureUrls
from bot.errors import FaceError
from bot.models import Emote, EmoteSource
from bot.stage.face import StagedFace
from inference.protocol import Picture

ROUGH_PX = 16
"""Pixels across that are shown of somebody's own picture, as in answers."""
MAX_KEPT = 256
FETCH_TIMEOUT_S = 20.0
_OWN = {EmoteSource.UNICODE}


class Fetches(Protocol):
    """Emotes to safe pixels; `bot.emotes.compose.ComposedPictures`."""

    async def fetch(self, emote: Emote) -> Picture: ...


class EmotePictures:
    """Keeps the newest that it has made."""

    def __init__(self, fetcher: Fetches, urls: PictureUrls) -> None:
        self._fetcher = fetcher
        self._urls = urls
        self._made: LRUCache[Emote, bytes] = LRUCache(MAX_KEPT)

    def described(self, face: StagedFace) -> Sequence[Sequence[Mapping[str, Any]]]:
        """For each emote its layers, the lowest first; each has addresses of which the first is the best. What has no
        `https://` is below the overlay's own address."""
        return [self._layers(emote, f"emotes/{face.slug}/{at}") for at, emote in enumerate(face.emotes)]

    async def picture(self, face: StagedFace, at: int, part: int | None = None) -> bytes | None:
        """A WebP of the emote at this place, or of one of its parts; None where there is none of ours to show."""
        emote = _chosen(face, at, part)
        if emote is None or not _is_ours(emote):
            return None
        if made := self._made.get(emote):
            return made
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                fetched = await self._fetcher.fetch(emote)
        except (FaceError, TimeoutError):
            return None
        made = await asyncio.to_thread(_encoded, fetched, rough=emote.is_somebodys)
        if not emote.is_somebodys:
            self._made[emote] = made
        return made

    def _layers(self, emote: Emote, path: str) -> Sequence[Mapping[str, Any]]:
        if _is_ours(emote):
            return [{"way": "base", "urls": [path]}]
        ways = ["base", *(["blend"] if emote.blended else []), *["over"] * len(emote.overlays)]
        return [
            {"way": way, "urls": [f"{path}/{number}"] if _is_ours(part.alone) else list(self._urls[part.source](part))}
            for number, (way, part) in enumerate(zip(ways, emote.parts, strict=True))
        ]


def picture_origins(base_urls: Iterable[str]) -> list[str]:
    """The sites below which these addresses are."""
    return sorted({str(URL(url).origin()) for url in base_urls})


def _is_ours(emote: Emote) -> bool:
    return emote.is_somebodys or all(part.source in _OWN for part in emote.parts)


def _chosen(face: StagedFace, at: int, part: int | None) -> Emote | None:
    """Parts of what is somebody's are not to be had alone."""
    if at >= len(face.emotes):
        return None
    emote = face.emotes[at]
    if part is None:
        return emote
    return emote.parts[part].alone if part < len(emote.parts) and not emote.is_somebodys else None


def _encoded(picture: Picture, *, rough: bool) -> bytes:
    """The first frame, as a square."""
    image = Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[0].rgba)
    side_px = max(image.size)
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(image, ((side_px - image.width) // 2, (side_px - image.height) // 2))
    if rough:
        square = square.resize((ROUGH_PX, ROUGH_PX), Image.Resampling.BOX)
    file = io.BytesIO()
    square.save(file, "WEBP", lossless=True)
    return file.getvalue()
