import struct
import warnings
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image, PngImagePlugin

from bot.decode.limits import MAX_WIRE_BYTES
from bot.decode.normalise import TooManyPixels, configure_pillow, normalise
from inference.protocol import MAX_JOB_BYTES, FaceJob, FaceOptions
from tests.fakes import pictures


@pytest.fixture(autouse=True)
def pillow_as_in_the_child(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", PngImagePlugin.MAX_TEXT_CHUNK)
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_MEMORY", PngImagePlugin.MAX_TEXT_MEMORY)
    with warnings.catch_warnings():
        configure_pillow()
        yield


def drawn(content: bytes) -> Image.Image:
    """The first frame."""
    picture = normalise(content)
    return Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[0].rgba)


def is_near(pixel: object, colour: tuple[int, ...], tolerance: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", pictures.RED_FILES)
def test_the_first_frame_of_every_format_keeps_its_size_and_colour(kind: str) -> None:
    image = drawn(pictures.RED_FILES[kind])
    assert image.size == (48, 32)
    for at in ((0, 0), (24, 16), (47, 31)):
        assert is_near(image.getpixel(at), (*pictures.RED, 255))


@pytest.mark.parametrize(
    "content",
    [
        pictures.encoded(pictures.with_hole(), "PNG"),
        pictures.encoded(pictures.with_hole(), "WEBP", lossless=True),
        pictures.encoded(pictures.with_hole(), "GIF"),
        pictures.palette_with_hole(),
    ],
    ids=["png", "webp", "gif", "palette"],
)
def test_transparency_stays(content: bytes) -> None:
    image = drawn(content)
    assert image.getpixel((2, 2)) == (*image.getpixel((2, 2))[:3], 0)  # type: ignore[index]
    assert is_near(image.getpixel((40, 25)), (*pictures.RED, 255))


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_pictures_stay_grey(mode: str) -> None:
    image = drawn(pictures.encoded(Image.new("L", (9, 9), 255).convert(mode), "PNG"))
    assert image.getpixel((4, 4)) == (255, 255, 255, 255)


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (0x8000, 0x80), (0xFFFF, 0xFF)])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(level: int, expected: int) -> None:
    assert drawn(pictures.grey_16_bit(level)).getpixel((5, 5)) == (expected, expected, expected, 255)


def test_a_transparent_sixteen_bit_grey_is_transparent() -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 16, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" + struct.pack(">HH", 0x1234, 0x4321))
    image = drawn(pictures.png(header, pixels, (b"tRNS", struct.pack(">H", 0x1234))))
    assert [image.getpixel((x, 0)) for x in range(2)] == [(0x12, 0x12, 0x12, 0), (0x43, 0x43, 0x43, 255)]


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (64, 32), (5, 16)),
        (2, (64, 32), (58, 16)),
        (3, (64, 32), (58, 16)),
        (4, (64, 32), (5, 16)),
        (5, (32, 64), (16, 5)),
        (6, (32, 64), (16, 5)),
        (7, (32, 64), (16, 58)),
        (8, (32, 64), (16, 58)),
        (99, (64, 32), (5, 16)),
    ],
)
def test_a_photo_is_turned_upright(orientation: int, size: tuple[int, int], red_at: tuple[int, int]) -> None:
    image = drawn(pictures.turned(orientation))
    assert image.size == size
    assert is_near(image.getpixel(red_at), (*pictures.RED, 255), tolerance=25)


def test_a_damaged_camera_note_does_not_spoil_the_picture() -> None:
    content = pictures.encoded(pictures.plain(), "JPEG", exif=b"Exif\x00\x00garbage instead of a header")
    assert drawn(content).size == (48, 32)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((128, 128), (128, 128)),
        ((256, 128), (128, 64)),
        ((3, 1000), (1, 128)),
        ((2000, 1999), (128, 128)),
        ((1, 1), (1, 1)),
    ],
)
def test_larger_pictures_shrink_to_128_px_and_small_ones_stay(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert drawn(pictures.encoded(pictures.plain(size=size), "PNG")).size == expected


def test_shrinking_does_not_pull_colour_out_of_what_is_transparent() -> None:
    image = Image.new("RGBA", (512, 512), (0, 255, 0, 0))
    image.paste((*pictures.RED, 255), (0, 0, 512, 255))
    edge = drawn(pictures.encoded(image, "PNG")).getpixel((64, 63))
    assert is_near(edge[:3], pictures.RED, tolerance=3)  # type: ignore[index]


def test_a_phone_photo_is_read_and_an_equally_large_png_is_not() -> None:
    photo = pictures.plain(size=(4000, 3000))
    assert drawn(pictures.encoded(photo, "JPEG")).size == (128, 96)
    with pytest.raises(TooManyPixels):
        normalise(pictures.encoded(photo, "PNG"))


@pytest.mark.parametrize(
    "content",
    [
        pictures.huge_png(),
        pictures.huge_png(30_000),
        pictures.encoded(pictures.plain(size=(60_000, 100)), "JPEG"),
        pictures.encoded(pictures.plain("L", (10_000, 6_000)), "JPEG"),
        pictures.encoded(pictures.plain(size=(2001, 2000)), "GIF"),
        b"RIFF\x00\x00\x01\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\xff\x3f\x00\xff\x3f\x00" + bytes(200),
    ],
    ids=["bomb", "larger bomb", "long jpeg", "60 Mpx jpeg", "gif", "webp"],
)
def test_too_many_pixels_are_refused_by_the_header(content: bytes) -> None:
    with pytest.raises(TooManyPixels):
        normalise(content)


@pytest.mark.parametrize("kind", pictures.NO_PICTURES)
def test_what_is_no_picture_of_a_known_format_is_an_error(kind: str) -> None:
    with pytest.raises((OSError, SyntaxError, ValueError)):
        normalise(pictures.NO_PICTURES[kind])


@pytest.mark.parametrize("kind", pictures.RED_FILES)
def test_a_file_that_is_cut_short_is_an_error(kind: str) -> None:
    content = pictures.RED_FILES[kind]
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the format's decoder raises
        normalise(content[: len(content) // 4])


def test_comments_are_fine_until_they_are_giant() -> None:
    assert drawn(pictures.png_with_comment()).size == (48, 32)
    with pytest.raises(ValueError, match="too large"):
        normalise(pictures.png_with_giant_text(2_000_000))


def test_nine_of_the_worst_pictures_fit_into_one_job() -> None:
    jobs = []
    for seed in range(9):
        picture = normalise(pictures.encoded(pictures.noise((128, 128), seed), "PNG"))
        assert len(zlib.compress(picture.frames[0].rgba, 6)) <= MAX_WIRE_BYTES
        assert picture.width_px > 100
        jobs.append(picture)
    assert len(FaceJob("model", tuple(jobs), FaceOptions(), 0.0).to_bytes()) <= MAX_JOB_BYTES


def test_a_thin_strip_of_noise_keeps_at_least_a_pixel() -> None:
    assert drawn(pictures.encoded(pictures.noise((1, 700)), "PNG")).size == (1, 128)
