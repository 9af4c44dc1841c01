"""Pictures in a row -> one WebP or GIF file of bounded size, marked as made by a network.

No PNG: at equal look WebP is smaller for everything we draw, see `docs/output.md`.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from PIL import Image

from inference.protocol import Format

STILL_PIXELS = 2_000_000
"""Of a still picture: tiles of 512 px for three pairs. Encoding takes some 60 ms a million (docs/output.md)."""
MOVING_PIXELS = 8_500_000
"""Over all frames: sixty pairs of 256 px, or fifteen of 512 px; 600 to 850 kB, encoded within a second."""
GIF_PIXELS = 1_200_000
"""Over all frames: GIF takes 0.3 to 1 byte a pixel."""

_SOURCE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP = (
    b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
Iptc4xmpExt:DigitalSourceType="%s"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""
    % _SOURCE
)
GIF_COMMENT = b"DigitalSourceType: " + _SOURCE
_PALETTE_PX = 96
"""Across the frames from which a GIF's colours are taken: more make no visible difference and take long."""


class PictureTooLarge(Exception):
    """No quality and size that were tried make the file small enough."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A finished picture, RGB or RGBA, and for how long it is shown."""

    image: Image.Image
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished file."""

    content: bytes
    width_px: int
    height_px: int


def max_pixels(form: Format, frames: int) -> int:
    """Of each frame, so that the file is likely to fit at once and is encoded in bearable time."""
    if form is Format.GIF:
        return GIF_PIXELS // frames
    return STILL_PIXELS if frames == 1 else MOVING_PIXELS // frames


def encoded(shots: Sequence[Shot], form: Format, max_bytes: int) -> Encoded:
    """The best-looking file of at most `max_bytes` that loops for ever; one shot is a still picture.

    What is too large is tried in lower quality, then smaller, then with half the frames. Raise PictureTooLarge when
    not even one frame fits.
    """
    way = _ways(form, len(shots))
    content, reduced_by = b"", 0
    for quality, divisor in way.attempts:
        if divisor == reduced_by and len(content) > 2 * max_bytes:
            continue  # lower quality alone would not do
        smaller = [Shot(_reduced(shot.image, divisor), shot.duration_ms) for shot in shots]
        content, reduced_by = way.write(smaller, quality), divisor
        if len(content) <= max_bytes:
            return Encoded(content, *smaller[0].image.size)
    while len(smaller) > 1:
        smaller = _halved(smaller)
        content = way.write(smaller, quality)
        if len(content) <= max_bytes:
            return Encoded(content, *smaller[0].image.size)
    raise PictureTooLarge(f"not a single frame fits {max_bytes} bytes")


Writer: TypeAlias = Callable[[Sequence[Shot], int], bytes]


@dataclass(frozen=True, slots=True)
class _Way:
    """How to write a file, and in which qualities and divisors of the size to try it in turn."""

    write: Writer
    attempts: Sequence[tuple[int, int]]


def _ways(form: Format, frames: int) -> _Way:
    if form is Format.GIF:
        return _Way(_gif, ((256, 1), (128, 1), (64, 1), (128, 2), (32, 4)))
    if frames == 1:
        return _Way(_still_webp, ((90, 1), (75, 1), (50, 1), (75, 2), (50, 4)))
    return _Way(_moving_webp, ((75, 1), (50, 1), (60, 2), (30, 2), (30, 4)))


def _still_webp(shots: Sequence[Shot], quality: int) -> bytes:
    file = io.BytesIO()
    # method 0: half the time of method 2, for files a fifth larger that look the same
    shots[0].image.save(file, "WEBP", quality=quality, method=0, xmp=XMP)
    return file.getvalue()


def _moving_webp(shots: Sequence[Shot], quality: int) -> bytes:
    first, *rest = (shot.image for shot in shots)
    file = io.BytesIO()
    lasting = [shot.duration_ms for shot in shots]
    # method 2 and the coarser alpha: a fifth to two fifths smaller; kmax 0: a loop needs no key frames to jump to
    options = {"quality": quality, "alpha_quality": 40, "method": 2, "kmax": 0, "xmp": XMP}
    first.save(file, "WEBP", save_all=True, append_images=rest, duration=lasting, loop=0, **options)
    return file.getvalue()


def _gif(shots: Sequence[Shot], colours: int) -> bytes:
    """One palette for all frames and no dithering: so nothing flickers, and it is smaller, too."""
    palette = _palette([shot.image for shot in shots], colours - 1)
    first, *rest = (_indexed(shot.image, palette, colours - 1) for shot in shots)
    file = io.BytesIO()
    lasting = [shot.duration_ms for shot in shots]
    options = {"transparency": colours - 1, "disposal": 2, "optimize": False, "comment": GIF_COMMENT}
    first.save(file, "GIF", save_all=True, append_images=rest, duration=lasting, loop=0, **options)
    return file.getvalue()


def _palette(images: Sequence[Image.Image], colours: int) -> Image.Image:
    """A palette image for all of them, taken from at most eight."""
    some = images[:: -(-len(images) // 8)]
    mosaic = Image.new("RGB", (_PALETTE_PX, _PALETTE_PX * len(some)))
    for at, image in enumerate(some):
        small = image.convert("RGB").resize((_PALETTE_PX, _PALETTE_PX), Image.Resampling.NEAREST)
        mosaic.paste(small, (0, at * _PALETTE_PX))
    return mosaic.quantize(colours, method=Image.Quantize.MEDIANCUT)


def _indexed(image: Image.Image, palette: Image.Image, hole: int) -> Image.Image:
    """In the colours of the palette; `hole` is the index of what is rather transparent than not."""
    indexed = image.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    if image.mode != "RGBA":
        return indexed
    pixels = np.where(np.asarray(image)[..., 3] < 128, np.uint8(hole), np.asarray(indexed))
    holed = Image.fromarray(pixels, "P")
    holed.putpalette(palette.getpalette() or [])
    return holed


def _halved(shots: Sequence[Shot]) -> list[Shot]:
    """Every second one, for as long as two."""
    pairs = [shots[at : at + 2] for at in range(0, len(shots), 2)]
    return [Shot(pair[0].image, sum(shot.duration_ms for shot in pair)) for pair in pairs]


def _reduced(image: Image.Image, divisor: int) -> Image.Image:
    return image if divisor == 1 else image.reduce(divisor)
