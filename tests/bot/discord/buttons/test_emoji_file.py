"""Faces as files that Discord takes as emoji, and what the emoji are called."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bot.discord.buttons.emoji import MAX_BYTES, emoji_file, proposed_name
from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform
from inference.protocol import FaceOptions

REQUEST = FaceRequest(
    id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    origin=Origin(Platform.DISCORD, "1", "2", "3"),
    emotes=(Emote(EmoteSource.UNICODE, "1f602"),),
    options=FaceOptions(),
    accepted_at=0.0,
    deadline_at=1.0,
)


def film(count: int, side_px: int = 256) -> bytes:
    """Noise: what compresses worst."""
    rng = np.random.default_rng(1)
    frames = [Image.fromarray(rng.integers(0, 255, (side_px, side_px, 3), np.uint8)) for _ in range(count)]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=50, quality=20)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    assert len(content) <= MAX_BYTES
    return Image.open(io.BytesIO(content))


def test_a_still_face_becomes_a_png_of_128_px() -> None:
    picture = opened(emoji_file(film(1, 512)))
    assert (picture.format, picture.size) == ("PNG", (128, 128))


def test_a_sheet_keeps_its_proportions() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (400, 200), "red").save(file, "WEBP")
    assert opened(emoji_file(file.getvalue())).size == (128, 64)


@pytest.mark.parametrize("count", [2, 12, 60])
def test_a_moving_face_becomes_a_gif_that_lasts_as_long(count: int) -> None:
    picture = opened(emoji_file(film(count)))
    assert picture.format == "GIF"
    lasting = 0
    for at in range(picture.n_frames):  # type: ignore[attr-defined]
        picture.seek(at)
        lasting += picture.info["duration"]
    assert lasting == pytest.approx(50 * count, abs=10 * count)
    assert picture.n_frames > 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("known", "proposed"),
    [
        ("Kappa", "KappaFace"),
        ("face with tears of joy", "FaceWithTearsOfJoyFace"),
        (None, "face"),
        ("顔", "face"),
        ("x" * 80, "X" + "x" * 27 + "Face"),
    ],
)
def test_the_name_is_made_of_the_emotes(known: str | None, proposed: str) -> None:
    emote = replace(REQUEST.emotes[0], name=known)
    assert proposed_name(replace(REQUEST, emotes=(emote,))) == proposed
    assert 2 <= len(proposed) <= 32
