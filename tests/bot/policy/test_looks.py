"""Copies are told from strangers; how well over many pictures, `make looks` prints."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.Image import Resampling, Transpose

from bot.decode.normalise import normalise
from bot.policy.looks import ALIKE, blocked_looks_of, digest, distance, from_bytes, looks_of, to_bytes
from inference.protocol import Frame, Picture


def drawing(seed: int, size: tuple[int, int] = (240, 200)) -> Image.Image:
    """Coloured blobs; another seed, another drawing."""
    draw = Random(seed)
    image = Image.new("RGB", size, tuple(draw.randrange(256) for _ in range(3)))
    for _ in range(12):
        left, top = draw.randint(-40, size[0] - 30), draw.randint(-40, size[1] - 30)
        box = (left, top, left + draw.randint(30, 120), top + draw.randint(30, 120))
        ImageDraw.Draw(image).ellipse(box, fill=tuple(draw.randrange(256) for _ in range(3)))
    return image


def upload(image: Image.Image, kind: str = "PNG", **options: Any) -> Picture:
    """As the decoder hands it on."""
    file = BytesIO()
    image.save(file, kind, **options)
    return normalise(file.getvalue())


def film(*images: Image.Image) -> Picture:
    shown = [image.resize((100, 80)).convert("RGBA").tobytes() for image in images]
    return Picture(100, 80, tuple(Frame(rgba, 50) for rgba in shown))


def apart(one: Picture, blocked: Picture) -> float:
    return distance(looks_of(one), from_bytes(to_bytes(blocked_looks_of(blocked))))


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: upload(image, "JPEG", quality=30),
        lambda image: upload(image, "WEBP", quality=40),
        lambda image: upload(image.resize((60, 50), Resampling.BICUBIC)),
        lambda image: upload(image.resize((700, 500), Resampling.BICUBIC)),
        lambda image: upload(image.transpose(Transpose.FLIP_LEFT_RIGHT)),
        lambda image: upload(image.crop((5, 2, 235, 198))),
        lambda image: film(drawing(77), image, drawing(78)),
    ],
    ids=["JPEG", "WebP", "smaller", "larger", "flipped", "cropped", "in the middle of an animation"],
)
def test_a_copy_is_found(copy: Any) -> None:
    for seed in range(5):
        image = drawing(seed)
        assert apart(copy(image), upload(image)) <= ALIKE


def test_a_picture_taken_out_of_a_blocked_animation_is_found() -> None:
    assert apart(upload(drawing(2)), film(drawing(1), drawing(2), drawing(3))) <= ALIKE


def test_strangers_are_none() -> None:
    pictures = [upload(drawing(seed)) for seed in range(12)]
    for one in pictures:
        assert [other for other in pictures if apart(one, other) <= ALIKE] == [one]


def test_one_colour_looks_like_nothing_not_even_itself() -> None:
    plain = [upload(Image.new("RGB", (64, 64), colour)) for colour in ("red", "white", "navy")]
    nothing = upload(Image.new("RGBA", (64, 64)))
    for one in (*plain, nothing):
        for other in (*plain, nothing, upload(drawing(1))):
            assert apart(one, other) == float("inf")
            assert apart(other, one) == float("inf")


def test_a_digest_names_the_very_pixels() -> None:
    one = upload(drawing(1))
    assert digest(one) == digest(upload(drawing(1)))
    assert digest(one) != digest(upload(drawing(1), "JPEG", quality=90))
    assert digest(Picture(2, 1, (Frame(bytes(8)),))) != digest(Picture(1, 2, (Frame(bytes(8)),)))


def test_looks_of_another_version_are_not_readable() -> None:
    with pytest.raises(ValueError, match="reshape"):
        from_bytes(bytes(10))
