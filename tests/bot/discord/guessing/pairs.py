"""Pairs as the worker draws them, in miniature."""

from __future__ import annotations

import io

from PIL import Image

from bot.models import FacePicture, FaceRequest

EMOTE, FACE = (200, 0, 0, 255), (0, 160, 0, 255)
SIDE_PX, GAP_PX = 64, 4


def pair_for(request: FaceRequest) -> FacePicture:
    """A red emote and a green face."""
    pair = Image.new("RGBA", (2 * SIDE_PX + GAP_PX, SIDE_PX))
    pair.paste(EMOTE, (0, 0, SIDE_PX, SIDE_PX))
    pair.paste(FACE, (SIDE_PX + GAP_PX, 0, 2 * SIDE_PX + GAP_PX, SIDE_PX))
    file = io.BytesIO()
    pair.save(file, "WEBP", lossless=True)
    return FacePicture(request.id, file.getvalue(), *pair.size)


def shows_emote(picture: bytes) -> bool:
    """Whether there is any red in it."""
    with Image.open(io.BytesIO(picture)) as image:
        return any(colour[0] > 100 for _, colour in image.convert("RGB").getcolors(1 << 20))  # type: ignore[index,union-attr]
