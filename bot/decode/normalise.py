"""One file of any kind to RGBA frames of at most 128 × 128 px. Runs in the decoder child only; may raise anything."""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.Image import Resampling, Transpose

from bot.decode.film import Film, Shot, thinned
from bot.decode.limits import (
    MAX_FILM_BYTES,
    MAX_FILM_PIXELS,
    MAX_FRAMES,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    MAX_SIDE_PX,
    MAX_TEXT_BYTES,
    MAX_WIRE_BYTES,
)
from bot.decode.lottie import is_lottie, lottie_shots
from inference.protocol import Frame, Picture

# Nothing else is even tried: no EPS, PDF, TIFF or SVG. Left to itself, Pillow would import every format it has.
FORMATS = {"PNG": PngImagePlugin, "JPEG": JpegImagePlugin, "GIF": GifImagePlugin, "WEBP": WebPImagePlugin}
_ANIMATED = {"GIF", "PNG", "WEBP"}  # the pictures inside an MPO are no frames
_LEAST_FRAME_PIXELS = 64 * 64  # a frame costs time even where it is tiny
_LEAST_FILM_SIDE_PX = 64  # then rather fewer frames
_DAMAGE = (ArithmeticError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError, struct.error)
_SHORTEST_MS, _UNREADABLE_MS = 20, 100  # like browsers: what is too short to be meant lasts 100 ms
_LONGEST_MS = 60_000

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
    PngImagePlugin.MAX_TEXT_CHUNK = MAX_TEXT_BYTES // 4
    PngImagePlugin.MAX_TEXT_MEMORY = MAX_TEXT_BYTES


def normalise(content: bytes) -> Picture:
    """All frames in straight-alpha RGBA, upright, shrunk and thinned out as far as the wire needs.

    Raise TooManyPixels, MemoryError, or for what is no picture just about any Exception.
    """
    film = Film(2 * MAX_FRAMES)
    for shot in lottie_shots(content) if is_lottie(content) else _picture_shots(content):
        film.add(shot.image, shot.duration_ms)
    shots = thinned(film.shots, MAX_FRAMES)
    return _still(shots[0].image) if len(shots) == 1 else _animation(shots)


def _picture_shots(content: bytes) -> Iterator[Shot]:
    """The frames of a file of pixels, upright."""
    try:
        image = Image.open(BytesIO(content), formats=tuple(FORMATS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    with image:
        _bound_pixels(image)
        turn = _TURNS.get(_orientation(image))
        for shot in _shots(image):
            yield Shot(_upright(shot.image, turn), shot.duration_ms)


def _shots(image: ImageFile.ImageFile) -> Iterator[Shot]:
    """The frames as they are shown, shrunk as they are read. Damage after a whole frame ends the animation, as in a
    browser."""
    image.load()
    first = Shot(_shrunk(_to_rgba(image)), _duration_ms(image))
    film = _film(image) if image.format in _ANIMATED else iter(())
    if image.info.get("default_image"):  # that one is for readers who know no animated PNG
        first = next(film, first)
    yield first
    yield from film


def _film(image: ImageFile.ImageFile) -> Iterator[Shot]:
    """All frames but the first, while they are within the limits."""
    size = image.size
    frame_pixels = max(image.width * image.height, _LEAST_FRAME_PIXELS)
    for at in range(1, MAX_FILM_PIXELS // frame_pixels):
        try:
            image.seek(at)
            if image.size != size:  # a GIF's canvas may grow
                return
            image.load()
            shot = Shot(_shrunk(_to_rgba(image)), _duration_ms(image))
        except _DAMAGE:
            return
        yield shot


def _shrunk(rgba: Image.Image) -> Image.Image:
    rgba.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Resampling.LANCZOS, reducing_gap=3.0)
    return rgba


def _upright(rgba: Image.Image, turn: Transpose | None) -> Image.Image:
    return rgba if turn is None else rgba.transpose(turn)  # one of them equals 0


def _duration_ms(image: Image.Image) -> int:
    """After `load`: a WebP knows it only then."""
    duration_ms = round(image.info.get("duration", 0))
    return duration_ms if duration_ms >= _SHORTEST_MS else _UNREADABLE_MS


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
    except _DAMAGE:
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


def _still(rgba: Image.Image) -> Picture:
    """Noise hardly compresses: shrink it until nine such pictures fit a job."""
    pixels = rgba.tobytes()
    while (wire_bytes := len(zlib.compress(pixels, 6))) > MAX_WIRE_BYTES:
        rgba = _scaled(rgba, min(0.98, math.sqrt(MAX_WIRE_BYTES / wire_bytes)))
        pixels = rgba.tobytes()
    return Picture(*rgba.size, (Frame(pixels),))


def _animation(shots: Sequence[Shot]) -> Picture:
    """With coarser colours and smaller until it fits a job, but not as small as all that; then fewer frames."""
    if _film_bytes(shots) > MAX_FILM_BYTES:
        shots = [Shot(_plainer(shot.image), shot.duration_ms) for shot in shots]
    while (wire_bytes := _film_bytes(shots)) > MAX_FILM_BYTES:
        side_px = max(shots[0].image.size)
        scale = max(min(0.98, math.sqrt(MAX_FILM_BYTES / wire_bytes)), _LEAST_FILM_SIDE_PX / side_px)
        if scale < 1:
            shots = [Shot(_plainer(_scaled(shot.image, scale)), shot.duration_ms) for shot in shots]
        else:
            shots = thinned(shots, min(len(shots) - 1, len(shots) * MAX_FILM_BYTES // wire_bytes))
    frames = (Frame(shot.image.tobytes(), min(shot.duration_ms, _LONGEST_MS)) for shot in shots)
    return Picture(*shots[0].image.size, tuple(frames))


def _plainer(rgba: Image.Image) -> Image.Image:
    """A third smaller on the wire and hardly another picture: 64 levels a colour, none under full transparency."""
    seen = Image.alpha_composite(Image.new("RGBA", rgba.size), rgba)
    return seen.point([level & 0xFC | level >> 6 for level in range(256)] * 3 + list(range(256)))


def _film_bytes(shots: Sequence[Shot]) -> int:
    """Compressed as on the wire."""
    return len(zlib.compress(b"".join(shot.image.tobytes() for shot in shots), 1))


def _scaled(rgba: Image.Image, scale: float) -> Image.Image:
    return rgba.resize((max(1, int(rgba.width * scale)), max(1, int(rgba.height * scale))), Resampling.BOX)
