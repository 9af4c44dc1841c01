"""The face of a pair, alone: with pictures drawn by the renderer itself."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.guessing.half import face_of_pair
from inference.encoding import XMP, Shot, encoded
from inference.protocol import Format, Layout
from inference.render import Drawn, rendered

EMOTE = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
FACE = Image.new("RGB", (128, 128), (0, 160, 0))


def pair(frames: int) -> bytes:
    shots = []
    for at in range(frames):
        face = Image.new("RGB", (128, 128), (0, 160, 40 * at))
        picture = rendered([Drawn(EMOTE, EMOTE.convert("RGB"), [face])], Layout.PAIR, seed=1, max_pixels=300_000)
        shots.append(Shot(picture, 100 + at))
    return encoded(shots, Format.WEBP, 900_000).content


@pytest.mark.parametrize("frames", [1, 3])
def test_only_the_face_is_left(frames: int) -> None:
    with Image.open(io.BytesIO(face_of_pair(pair(frames)))) as face:
        assert face.width == face.height
        assert getattr(face, "n_frames", 1) == frames
        for at in range(frames):
            face.seek(at)
            colours = face.convert("RGBA")
            reds = [colours.getpixel((x, face.height // 2))[0] for x in range(0, face.width, 4)]  # type: ignore[index]
            assert max(reds) < 60, "nothing of the emote"
        if frames > 1:
            assert face.info["duration"] == 102


def test_it_stays_marked_as_made_by_a_network() -> None:
    with Image.open(io.BytesIO(face_of_pair(pair(1)))) as face:
        assert face.info["xmp"] == XMP
