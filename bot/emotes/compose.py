"""Emotes laid on each other or blended, as pixels. Pictures here have been decoded and checked already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from PIL import Image
from PIL.Image import Resampling

from bot.models import Emote
from inference.animation import timeline
from inference.protocol import MAX_SIDE_PX, Frame, Picture

Compose: TypeAlias = Callable[[Image.Image, Image.Image], Image.Image]
Inspect: TypeAlias = Callable[[Picture], Awaitable[None]]
SEAM = 0.5  # of a blend's height: over how much of it the two run into each other


async def unseen(picture: Picture) -> None:
    """Looks at no picture."""


class Fetches(Protocol):
    """Gets the picture of one emote; `bot.emotes.picture.PictureFetcher`."""

    async def fetch(self, emote: Emote) -> Picture: ...


class ComposedPictures:
    """Fetches the parts of an emote and puts them together."""

    def __init__(self, fetcher: Fetches) -> None:
        self._fetcher = fetcher

    async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture:
        """`inspect` sees every part before it is put together with others, and may raise.

        Raise an EmoteUnavailable that fits, or Busy.
        """
        picture, *others = parts = [await self._fetcher.fetch(part.alone) for part in emote.parts]
        for part in parts:
            await inspect(part)
        for at, other in enumerate(others):
            way = blended if emote.blended and at == 0 else laid_over
            picture = await asyncio.to_thread(together, picture, other, way)
        return picture


def together(first: Picture, second: Picture, way: Compose) -> Picture:
    """All frames of both on one timeline, the longer one setting the pace, each pair put together by `way`."""
    moments = timeline((first, second))
    frames = []
    for moment in moments:
        pair = (_image(picture, at) for picture, at in zip((first, second), moment.frames, strict=True))
        frames.append(way(*pair))
    moving = len(frames) > 1
    return Picture(
        *frames[0].size,
        tuple(
            Frame(frame.tobytes(), moment.duration_ms if moving else 0)
            for frame, moment in zip(frames, moments, strict=True)
        ),
    )


def laid_over(base: Image.Image, overlay: Image.Image) -> Image.Image:
    """The overlay as high as the base and in its middle, as chats show it; what sticks out is cut off."""
    width_px = max(1, round(overlay.width * base.height / overlay.height))
    fitted = overlay.resize((width_px, base.height), Resampling.LANCZOS)
    layer = Image.new("RGBA", base.size)
    layer.paste(fitted, ((base.width - width_px) // 2, 0))
    return Image.alpha_composite(base, layer)


def blended(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """The upper part of one running into the lower part of the other: eyes over mouth still make a face."""
    side_px = MAX_SIDE_PX
    above, below = _squared(upper, side_px).convert("RGBa"), _squared(lower, side_px).convert("RGBa")
    shares = (0.5 + (y + 0.5 - side_px / 2) / (SEAM * side_px) for y in range(side_px))
    ramp = Image.new("L", (1, side_px))
    ramp.putdata([round(255 * min(1.0, max(0.0, share))) for share in shares])
    return Image.composite(below, above, ramp.resize((side_px, side_px))).convert("RGBA")


def _squared(image: Image.Image, side_px: int) -> Image.Image:
    """Its visible part, as large as fits in the middle of a transparent square."""
    seen = image.crop(image.getbbox(alpha_only=True))
    scale = side_px / max(seen.size)
    fitted = seen.resize((max(1, round(seen.width * scale)), max(1, round(seen.height * scale))), Resampling.LANCZOS)
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(fitted, ((side_px - fitted.width) // 2, (side_px - fitted.height) // 2))
    return square


def _image(picture: Picture, at: int) -> Image.Image:
    return Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[at].rgba)
