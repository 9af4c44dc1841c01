"""The part of a picture that is worth looking at, and what stands behind it. Pictures here are decoded and safe.

What is left as it is, the inference side frees of its transparent border, pads to a square and puts on its warm grey.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, Protocol, TypeAlias

from PIL import Image, ImageChops, ImageFilter
from PIL.Image import Resampling

from bot.emotes.compose import Inspect, unseen
from bot.models import Emote
from inference.protocol import Frame, Picture

Crop: TypeAlias = Literal["pad", "square"]
Matte: TypeAlias = Literal["grey", "white", "dark", "dominant"]
Colour: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[int, int, int, int]

_WIDE = 1.5
"""Longer than this many times its width, a picture is cropped. Padded, what is in it is small, and a face is seldom
drawn of it: of 20 emoji each stretched to 3:1, in a wide scene, in a row of three, and on a tall picture, `real` drew
sure faces of 15, 10, 10 and 40 % padded, of 35, 45, 35 and 75 % cropped."""
_VISIBLE_ALPHA = 16  # fainter pixels at the border (shadows, glows) are cut away with it
_COLOURS: dict[Matte, Colour] = {"white": (255, 255, 255), "dark": (49, 51, 56)}  # as chat's two backgrounds
_PLAIN = (128, 128, 128, 255)
_FINE_PX = 2.0  # what is smaller than about this counts as detail
_BIN_BITS = 5  # colours that differ by less than 32 are one when they are counted


@dataclass(frozen=True, slots=True)
class Framing:
    """`pad` keeps the whole picture, `square` of a very wide or tall one the part with most to see.

    A `grey` matte is the inference side's own: the picture stays transparent.
    """

    crop: Crop
    matte: Matte

    @property
    def changes_nothing(self) -> bool:
        """Whether all of it is left to the inference side."""
        return self.crop == "pad" and self.matte == "grey"


class Fetches(Protocol):
    """Emotes to safe pixels."""

    async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture: ...


class FramedPictures:
    """Fetches pictures and frames them."""

    def __init__(self, fetcher: Fetches, framing: Framing) -> None:
        self._fetcher = fetcher
        self._framing = framing

    async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture:
        """`inspect` sees the whole parts, as in `ComposedPictures`. Raise what the fetcher raises."""
        picture = await self._fetcher.fetch(emote, inspect)
        if self._framing.changes_nothing:
            return picture
        return await asyncio.to_thread(framed, picture, self._framing)


def framed(picture: Picture, framing: Framing) -> Picture:
    """Without the border that is transparent in every frame; cropped, and on its matte; all frames alike, so that
    nothing jumps."""
    size = (picture.width_px, picture.height_px)
    images = [Image.frombytes("RGBA", size, frame.rgba) for frame in picture.frames]
    if (seen := _seen(images)) is not None:
        images = [image.crop(seen) for image in images]
    if framing.crop == "square" and max(images[0].size) > _WIDE * min(images[0].size):
        square = interesting_square(images)
        images = [image.crop(square) for image in images]
    if framing.matte != "grey":
        colour = _COLOURS.get(framing.matte) or dominant_colour(images[0])
        images = [_on(colour, image) for image in images]
    pairs = zip(images, picture.frames, strict=True)
    return Picture(*images[0].size, tuple(Frame(image.tobytes(), frame.duration_ms) for image, frame in pairs))


def interesting_square(images: Sequence[Image.Image]) -> Box:
    """The largest square with the most fine detail over all frames; of equals the one nearest the middle."""
    width, height = images[0].size
    side, long = sorted((width, height))
    along = [0.0] * long
    for image in images:
        strip = _detail(image).resize((width, 1) if width > height else (1, height), Resampling.BOX)
        along = [total + here for total, here in zip(along, strip.tobytes(), strict=True)]
    sums = [0.0, *accumulate(along)]
    starts = range(long - side + 1)
    start = max(starts, key=lambda at: (sums[at + side] - sums[at], -abs(2 * at + side - long)))
    return (start, 0, start + side, height) if width > height else (0, start, width, start + side)


def dominant_colour(image: Image.Image) -> Colour:
    """The mean of the most frequent of roughly equal colours among what is opaque."""
    bins: dict[Colour, list[Colour]] = {}
    pixels = image.resize((32, 32), Resampling.NEAREST).tobytes()
    for at in range(0, len(pixels), 4):
        red, green, blue, alpha = pixels[at : at + 4]
        if alpha >= 128:
            rough = (red >> _BIN_BITS, green >> _BIN_BITS, blue >> _BIN_BITS)
            bins.setdefault(rough, []).append((red, green, blue))
    most = max(bins.values(), key=len, default=[_PLAIN[:3]])
    red, green, blue = (sum(channel) // len(most) for channel in zip(*most, strict=True))
    return red, green, blue


def _seen(images: Sequence[Image.Image]) -> Box | None:
    """Around what is visible in any of them; None when nothing is."""
    levels = [0] * _VISIBLE_ALPHA + [255] * (256 - _VISIBLE_ALPHA)
    boxes = [box for image in images if (box := image.getchannel("A").point(levels).getbbox())]
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _detail(image: Image.Image) -> Image.Image:
    """How much each pixel differs from its surroundings, as L; transparent is plain."""
    grey = Image.alpha_composite(Image.new("RGBA", image.size, _PLAIN), image).convert("L")
    return ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(_FINE_PX)))


def _on(colour: Colour, image: Image.Image) -> Image.Image:
    """Centred on an opaque square."""
    side_px = max(image.size)
    square = Image.new("RGBA", (side_px, side_px), (*colour, 255))
    square.alpha_composite(image, ((side_px - image.width) // 2, (side_px - image.height) // 2))
    return square
