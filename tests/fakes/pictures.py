"""Picture files for tests: honest ones of every kind that is read, and files made to hurt a decoder."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

RED, GREEN, BLUE = (220, 30, 40), (30, 200, 60), (20, 40, 210)


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def plain(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """One red area: its colour survives every format."""
    return Image.new("RGB", size, RED).convert(mode)


def noise(size: tuple[int, int], seed: int = 7) -> Image.Image:
    """What compresses worst: random colour and random alpha."""
    return Image.frombytes("RGBA", size, random.Random(seed).randbytes(size[0] * size[1] * 4))


def with_hole(size: tuple[int, int] = (48, 32)) -> Image.Image:
    """Red with a transparent corner at the top left."""
    image = Image.new("RGBA", size, (*RED, 255))
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill=(0, 0, 0, 0))
    return image


def grey_16_bit(level: int, size: tuple[int, int] = (48, 32)) -> bytes:
    """A PNG of 16 bits a pixel."""
    row = b"\x00" + struct.pack(">H", level) * size[0]
    return png(struct.pack(">IIBBBBB", *size, 16, 0, 0, 0, 0), zlib.compress(row * size[1]))


def frames(*colours: tuple[int, int, int]) -> list[Image.Image]:
    """For animations."""
    return [Image.new("RGB", (48, 32), colour) for colour in colours]


def animation(file_format: str) -> bytes:
    """Red first, then other colours."""
    first, *rest = frames(RED, GREEN, BLUE)
    return encoded(first, file_format, save_all=True, append_images=rest, duration=80)


def turned(orientation: int) -> bytes:
    """A JPEG of 64 × 32 whose left half is red and right half blue, with a camera's note on how to turn it."""
    image = Image.new("RGB", (64, 32), BLUE)
    ImageDraw.Draw(image).rectangle((0, 0, 31, 31), fill=RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, "JPEG", exif=exif, quality=95)


def palette_with_hole() -> bytes:
    """A palette PNG with a transparent entry."""
    return encoded(with_hole().quantize(8), "PNG")


RED_FILES: dict[str, bytes] = {
    "png": encoded(plain(), "PNG"),
    "png with alpha": encoded(plain("RGBA"), "PNG"),
    "png with a palette": encoded(plain().quantize(4), "PNG"),
    "animated png": animation("PNG"),
    "jpeg": encoded(plain(), "JPEG"),
    "progressive jpeg": encoded(plain(), "JPEG", progressive=True),
    "cmyk jpeg": encoded(plain("CMYK"), "JPEG"),
    "two-picture jpeg": animation("MPO"),
    "gif": encoded(plain(), "GIF"),
    "animated gif": animation("GIF"),
    "webp": encoded(plain(), "WEBP"),
    "lossless webp": encoded(plain(), "WEBP", lossless=True),
    "webp with alpha": encoded(plain("RGBA"), "WEBP"),
    "animated webp": animation("WEBP"),
}


def png(header: bytes, pixels: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG from its raw parts."""
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def huge_png(side_px: int = 8000) -> bytes:
    """A few kB that unpack to `side_px`² pixels."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    return png(header, zlib.compress(bytes((side_px // 8 + 1) * side_px), 9))


def png_with_giant_text(size_bytes: int = 64_000_000) -> bytes:
    """A small picture with a text that unpacks to `size_bytes`."""
    text = b"Comment\x00\x00" + zlib.compress(bytes(size_bytes), 9)
    good = zlib.compress(b"\x00" + bytes(3))
    return png(struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), good, (b"zTXt", text))


def png_with_comment() -> bytes:
    """An honest text chunk."""
    info = PngInfo()
    info.add_text("Comment", "drawn by hand")
    return encoded(plain(), "PNG", pnginfo=info)


def gif_of_frames(count: int) -> bytes:
    """A GIF that repeats its only frame `count` times: small, and long to play."""
    file = encoded(plain(size=(64, 64)).quantize(4), "GIF")
    start = 13 + 3 * 2 ** ((file[10] & 7) + 1)  # after header and global colours
    return file[:start] + file[start:-1] * count + b";"


def gif_of_colours(count: int) -> bytes:
    """A GIF of `count` frames, each unlike the one before."""
    start, *ends = (
        encoded(Image.new("RGB", (64, 64), colour).quantize(4), "GIF", duration=50) for colour in (RED, GREEN, BLUE)
    )
    head = 13 + 3 * 2 ** ((start[10] & 7) + 1)
    frames_of = [_with_own_colours(file) for file in (start, *ends)]
    return start[:head] + b"".join(frames_of[at % 3] for at in range(count)) + b";"


def _with_own_colours(gif: bytes) -> bytes:
    """The only frame of a file, its global colours made local."""
    colours = gif[10] & 7
    table = gif[13 : 13 + 3 * 2 ** (colours + 1)]
    frame = gif[13 + len(table) : -1]
    descriptor = frame.index(b",")
    flags = frame[descriptor + 9] | 0x80 | colours
    return frame[: descriptor + 9] + bytes([flags]) + table + frame[descriptor + 10 :]


NO_PICTURES: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"\x89",
    "html": b"<!DOCTYPE html><html><body>not found</body></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\nshowpage\n",
    "pdf": encoded(plain(), "PDF"),
    "bmp": encoded(plain(), "BMP"),
    "tiff": encoded(plain(), "TIFF"),
    "ppm": encoded(plain(), "PPM"),
    "ico": encoded(plain(size=(32, 32)), "ICO"),
    "only a png signature": b"\x89PNG\r\n\x1a\n",
    "only a jpeg signature": b"\xff\xd8\xff",
    "only a gif header": b"GIF89a\xff\xff\xff\xff",
    "a zip": b"PK\x03\x04" + bytes(100),
}
