"""One file of any kind to at most 128 × 128 RGBA pixels. Runs in the decoder child only; may raise anything."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from io import BytesIO

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.Image import Resampling, Transpose

from inference.protocol import MAX_JOB_BYTES, MAX_PICTURES, MAX_SIDE_PX

# Nothing else is even tried: no EPS, PDF, TIFF or SVG. Left to itself, Pillow would import every format it has.
FORMATS = {"PNG": PngImagePlugin, "JPEG": JpegImagePlugin, "GIF": GifImagePlugin, "WEBP": WebPImagePlugin}
MAX_PIXELS = 4_000_000
MAX_JPEG_PIXELS = 50_000_000  # a phone's photo; libjpeg reads it at an eighth of its size
MAX_WIRE_BYTES = (MAX_JOB_BYTES - 24_000) // MAX_PICTURES  # compressed; nine pictures and a header fit a job

_DRAFT_SIDE_PX = 2 * MAX_SIDE_PX  # what libjpeg leaves for the better filter
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


class TooManyPixels(Exception):
    """Known from the header, before any pixel is decoded."""


def configure_pillow() -> None:
    """Turn its warnings about bombs into errors and its limits for text down; whole process, once."""
    Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    PngImagePlugin.MAX_TEXT_CHUNK = 256 * 1024
    PngImagePlugin.MAX_TEXT_MEMORY = 1024 * 1024


def normalise(content: bytes) -> tuple[tuple[int, int], bytes]:
    """Size and straight-alpha RGBA of the first frame, upright, shrunk as far as the wire needs.

    Raise TooManyPixels, MemoryError, or for what is no picture just about any Exception.
    """
    try:
        image = Image.open(BytesIO(content), formats=tuple(FORMATS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    with image:
        _bound_pixels(image)
        orientation = _orientation(image)
        image.load()
        rgba = _to_rgba(image)
    rgba.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Resampling.LANCZOS, reducing_gap=3.0)
    if (turn := _TURNS.get(orientation)) is not None:  # one of them equals 0
        rgba = rgba.transpose(turn)
    return _fit_the_wire(rgba)


def _bound_pixels(image: ImageFile.ImageFile) -> None:
    """A JPEG is asked for fewer pixels first: then its size on paper costs only time."""
    if image.format in {"JPEG", "MPO"}:
        image.draft(image.mode, (_DRAFT_SIDE_PX, _DRAFT_SIDE_PX))
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels


def _orientation(image: Image.Image) -> int:
    """A camera's note on how it was held. A damaged note spoils no picture."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error):
        return 1


def _to_rgba(image: Image.Image) -> Image.Image:
    """Every mode the formats open as. Pillow would clip 16-bit grey to white instead of scaling it."""
    if not image.mode.startswith("I"):
        return image.convert("RGBA")
    levels = image.convert("I")
    transparent = image.info.get("transparency")
    grey = levels.point([level >> 8 for level in range(0x10000)], "L")
    opaque = levels.point([0 if level == transparent else 255 for level in range(0x10000)], "L")
    return Image.merge("RGBA", (grey, grey, grey, opaque))


def _fit_the_wire(rgba: Image.Image) -> tuple[tuple[int, int], bytes]:
    """Noise hardly compresses: shrink it until nine such pictures fit a job."""
    pixels = rgba.tobytes()
    while (wire_bytes := len(zlib.compress(pixels, 6))) > MAX_WIRE_BYTES:
        scale = min(0.98, math.sqrt(MAX_WIRE_BYTES / wire_bytes))
        rgba = rgba.resize((max(1, int(rgba.width * scale)), max(1, int(rgba.height * scale))), Resampling.BOX)
        pixels = rgba.tobytes()
    return rgba.size, pixels
